"""What the simulated world costs by itself: a day of 1.4 million requests, without anybody who decides.

    python -m benchmarks.simulator_world [--hours 24] [--reference]

The shipped R1 day as recorded on deepseek-r1-h200-tp8 for prefill and -dp16ep16 for decode, looked at every 15 s as a
scrape does, and scaled every 5 minutes. Times are CPU time of the process, memory is its peak; what is compiled is
compiled (or taken from the kept code) in a first minute, which is told apart. --reference runs the same hours in the
world that it is held to, in plain Python.
"""

from __future__ import annotations

import argparse
import resource
import time

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.engines import engine_named
from heteroscale.simulator.trace import R1_DAY, shipped_trace
from heteroscale.simulator.world.interface import SimulatedWorld
from heteroscale.simulator.world.world import World

ENGINES = engine_named("prefill=deepseek-r1-h200-tp8,decode=deepseek-r1-h200-dp16ep16")
PAIR = Pair(4, 3)
LOOK_S = 15.0
RESIZE_S = 300.0


def run(world: SimulatedWorld, hours: float) -> float:
    """CPU seconds that it took."""
    begun_s = time.process_time()
    for look in range(1, round(hours * 3600 / LOOK_S) + 1):
        world.run_until(look * LOOK_S)
        for role in Role:
            world.counters(role)
        if look * LOOK_S % RESIZE_S == 0:
            more = int(look * LOOK_S / RESIZE_S) % 3
            world.resize(Role.PREFILL, PAIR.prefill + more)
            world.resize(Role.DECODE, PAIR.decode + more)
    world.finish()
    return time.process_time() - begun_s


def fast(requests: Requests) -> SimulatedWorld:
    """Imported here, so that its import can be timed."""
    from heteroscale.simulator.world.fast_world import FastWorld

    return FastWorld(requests=requests, prefill=ENGINES.prefill, decode=ENGINES.decode, replicas=PAIR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--reference", action="store_true", help="the same in plain Python, too")
    args = parser.parse_args()
    shape, trace = LoadShape(scale=1.0, prompt_tokens_mean=None), shipped_trace(R1_DAY)
    requests = cut_into_requests(trace, shape, from_s=0.0, until_s=args.hours * 3600)
    begun_s = time.process_time()
    run(fast(cut_into_requests(trace, shape, from_s=0.0, until_s=60.0)), 1 / 60)
    print(f"import and first minute {time.process_time() - begun_s:6.2f} s")
    _tell("compiled", requests, fast(requests), args.hours)
    if args.reference:
        world = World(requests=requests, prefill=ENGINES.prefill, decode=ENGINES.decode, replicas=PAIR)
        _tell("reference", requests, world, args.hours)


def _tell(name: str, requests: Requests, world: SimulatedWorld, hours: float) -> None:
    took_s = run(world, hours)
    assert world.idle
    resident_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{name:10} {len(requests):,} requests in {took_s:6.2f} s, {took_s / len(requests) * 1e6:.2f} µs each, "
        f"peak {resident_mb:,.0f} MB"
    )


if __name__ == "__main__":
    main()
