"""What a simulated day and a whole comparison cost.

    python -m benchmarks.simulate [--profile]

One policy on the shipped day of DeepSeek-R1 (1.4 million requests) in this process, by CPU time and resident memory;
then every policy with ten seeds on the shipped Azure hour with two workers, by the clock. What is compiled is compiled
before the clock starts: it is kept between processes, so that only the first run after an installation pays for it.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import time
from dataclasses import dataclass

from disaggregated_service.core.guard_spec import GuardMetric, GuardSpec
from disaggregated_service.core.load_spec import LoadSpec, RoleLoad
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.ratio import MeasuredRatio
from disaggregated_service.core.role_spec import Roles, RoleSpec, ScaleTarget
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from heteroscale.simulator.arrivals import LoadShape
from heteroscale.simulator.engines import EnginePair, engine_named
from heteroscale.simulator.executor import Processes
from heteroscale.simulator.loop import run_cell
from heteroscale.simulator.policy.registry import NAMES, default_choice
from heteroscale.simulator.study import StudySpec, run_study
from heteroscale.simulator.trace import AZURE_HOUR, R1_DAY, shipped_trace
from heteroscale.simulator.world.result import Slo
from heteroscale.simulator.world.start_up import StartUp

DAY_CPU_S_MAX = 20.0
DAY_RESIDENT_MB_MAX = 1000.0
HOUR_S_MAX = 120.0
WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A shipped trace as recorded. capacities: tokens/s a replica, as `simulator/capacity.py` measured them here."""

    trace: str
    engines: str
    slo: Slo
    prefill_tps: float
    decode_tps: float


DAY = Case(
    trace=R1_DAY,
    engines="prefill=deepseek-r1-h200-tp8,decode=deepseek-r1-h200-dp16ep16",
    slo=Slo(2.0, 0.05),
    prefill_tps=15_721.0,
    decode_tps=36_182.0,
)
HOUR = Case(
    trace=AZURE_HOUR, engines="llama-3.1-70b-h100-tp4", slo=Slo(1.0, 0.025), prefill_tps=17_281.0, decode_tps=9_373.0
)


def main() -> None:
    """Prints both figures, and fails where one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="where the day's time goes")
    profile = parser.parse_args().profile
    warm = spec(HOUR, ("heteroscale-measured",), seeds=1, hours=0.1)
    run_cell(warm.cells()[0])
    day(profile=profile)
    hour()


def day(*, profile: bool) -> None:
    """One policy, one seed, in this process."""
    cell = spec(DAY, ("heteroscale-measured",), seeds=1).cells()[0]
    profiler = cProfile.Profile()
    begun_s = time.process_time()
    if profile:
        profiler.enable()
    record = run_cell(cell)
    profiler.disable()
    spent_s = time.process_time() - begun_s
    resident_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"R1 day, {record.figures['requests']:,.0f} requests, one policy: {spent_s:.1f} s of CPU "
        f"(at most {DAY_CPU_S_MAX:g}), {resident_mb:.0f} MB (at most {DAY_RESIDENT_MB_MAX:g})"
    )
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
        return
    assert spent_s <= DAY_CPU_S_MAX
    assert resident_mb <= DAY_RESIDENT_MB_MAX


def hour() -> None:
    """Everybody, ten seeds."""
    workers = Processes(WORKERS)
    begun_s = time.monotonic()
    try:
        study = run_study(spec(HOUR, NAMES, seeds=10), workers)
    finally:
        workers.close()
    took_s = time.monotonic() - begun_s
    print(
        f"Azure hour, {len(study.records)} policies, 10 seeds, {WORKERS} workers: "
        f"{took_s:.1f} s (at most {HOUR_S_MAX:g})"
    )
    assert took_s <= HOUR_S_MAX


def spec(case: Case, names: tuple[str, ...], *, seeds: int, hours: float | None = None) -> StudySpec:
    """The whole trace, or its first hours."""
    trace = shipped_trace(case.trace)
    engines = engine_named(case.engines)
    return StudySpec(
        service=service(case, engines),
        trace=trace,
        trace_name=case.trace,
        shape=LoadShape(scale=1.0, prompt_tokens_mean=None),
        prefill=engines.prefill,
        decode=engines.decode,
        engine_name=case.engines,
        policies=tuple(default_choice(name) for name in names),
        seeds=seeds,
        until_s=trace.end_s if hours is None else hours * 3600,
        start_up=StartUp(),
    )


def service(case: Case, engines: EnginePair) -> DisaggregatedService:
    """Defaults wherever there are any."""

    def role(name: str, gpus: int) -> RoleSpec:
        return RoleSpec(target=ScaleTarget(name=name), min_replicas=1, max_replicas=100, gpus_per_replica=gpus)

    return DisaggregatedService(
        key=ServiceKey("llm", "simulated"),
        spec=ServiceSpec(
            roles=Roles(prefill=role("prefill", engines.prefill.gpus), decode=role("decode", engines.decode.gpus)),
            ratio=MeasuredRatio(min="1:12", max="12:1"),
            load=LoadSpec(
                prefill=RoleLoad(metric="prefillTps", capacity_per_replica=case.prefill_tps),
                decode=RoleLoad(metric="decodeTps", capacity_per_replica=case.decode_tps),
            ),
            guards=(
                GuardSpec(metric=GuardMetric.TTFT, target_s=case.slo.ttft_s),
                GuardSpec(metric=GuardMetric.TBT, target_s=case.slo.tbt_s),
            ),
        ),
    )


if __name__ == "__main__":
    main()
