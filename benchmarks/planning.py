"""What a planning cycle costs over 10,000 nodes, 1,000 services and 50,000 pods, and a change of 1,000 pods after it.

    python -m benchmarks.planning [--profile]

full: topology from node records, usage from pod records, and one plan with nothing remembered from earlier cycles.
1000 pods: usage with 500 gone and 500 come, and one plan with a tenth of the services moving. baseline: walk over the
nodes and the same pods once and count free GPUs per domain, the least a planner in plain Python would do. Times are
CPU time of the process; the median counts. Resident memory is the peak of the whole process, records and all.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from benchmarks.planning_world import GPU, GPUS, PROFILE, S1, S2, Binding, moving, nodes, raises, services
from disaggregated_service.core.pair import Pair
from heteroscale.ticker.collector import look_seldom
from prescheduler.core.cycle import plan
from prescheduler.core.plan import Request
from prescheduler.core.record import NodeRecord, PodRecord
from prescheduler.core.tier_memory import NOTHING_REMEMBERED
from prescheduler.core.topology import build
from prescheduler.core.usage import used_by

FULL_MS_MAX = 1000.0
CHANGE_MS_MAX = 100.0
RESIDENT_MB_MAX = 500.0
PODS_CHANGED = 1000
FIRST = Pair(10, 40)  # a thousand services with fifty replicas each
FILLS = 3
STRIDE = 97  # pods so far apart in the list of all are of different services


@dataclass
class Measured:
    """Milliseconds of CPU."""

    full_ms: list[float] = field(default_factory=list)
    change_ms: list[float] = field(default_factory=list)
    spread_ms: list[float] = field(default_factory=list)
    walk_ms: list[float] = field(default_factory=list)
    walk_change_ms: list[float] = field(default_factory=list)
    pods: int = 0
    granted_frac: float = 0.0


@contextmanager
def clocked(into: list[float], profile: cProfile.Profile | None = None) -> Iterator[None]:
    """Add the milliseconds of CPU that the block takes."""
    began_s = time.process_time()
    with profile or nullcontext():
        yield
    into.append((time.process_time() - began_s) * 1e3)


def walk(records: Sequence[NodeRecord], pods: Sequence[PodRecord]) -> Counter[tuple[str, str]]:
    """Free GPUs per S1 and S2, the plain way."""
    where = {node.name: (node.labels[S1], node.labels[S2]) for node in records}
    free: Counter[tuple[str, str]] = Counter()
    for node in records:
        free[where[node.name]] += node.allocatable[GPU]
    for pod in pods:
        free[where[pod.node]] -= pod.requests[GPU]
    return free


def measure(count: int, service_count: int, repeats: int, profile: cProfile.Profile | None) -> Measured:
    """A first plan from nothing fills the fleet; then whole cycles over what runs, and changes."""
    measured = Measured()
    records, fleet = nodes(count), services(service_count)
    topology, binding = build(records, {PROFILE.name: PROFILE}), Binding(records)
    asked = raises(fleet, None, FIRST)
    planned, _ = plan(topology, (), asked, NOTHING_REMEMBERED, 0.0)
    for _ in range(FILLS):  # what is bound is charged less than what may land anywhere, so more fits
        binding.bind(fleet, planned)
        asked = raises(fleet, planned, FIRST)
        planned, _ = plan(topology, binding.pods, asked, NOTHING_REMEMBERED, 0.0)
    binding.bind(fleet, planned)
    pods = binding.pods
    measured.pods = len(pods)
    measured.granted_frac = sum(one.granted.decode for one in planned.placed.values()) / (FIRST.decode * service_count)
    for number in range(repeats):
        requests = moving(asked, planned, number)
        with clocked(measured.walk_ms):
            walk(records, pods)
        with clocked(measured.full_ms, profile):
            plan(build(records, {PROFILE.name: PROFILE}), pods, requests, NOTHING_REMEMBERED, 15.0)
    requests = moving(asked, planned, 0)
    measured.change_ms = _changes(records, pods, requests, repeats, measured, profile)
    spread = [pod for first in range(STRIDE) for pod in pods[first::STRIDE]]
    measured.spread_ms = _changes(records, spread, requests, repeats, measured, profile)
    return measured


def _changes(
    records: Sequence[NodeRecord], pods: Sequence[PodRecord], requests: Sequence[Request], repeats: int,
    measured: Measured, profile: cProfile.Profile | None,
) -> list[float]:  # fmt: skip
    """Cycle after cycle, with other pods gone and back each time: milliseconds of CPU each."""
    took_ms: list[float] = []
    topology = build(records, {PROFILE.name: PROFILE})
    usage, memory, now_s = used_by(pods), NOTHING_REMEMBERED, 15.0
    planned, memory = plan(topology, usage, requests, memory, now_s)
    away: Sequence[PodRecord] = ()
    for number in range(repeats):
        now_s += 15.0
        requests = moving(requests, planned, number)
        half = PODS_CHANGED // 2
        leaving = pods[number * half : (number + 1) * half]
        coming, away = away, leaving
        with clocked(measured.walk_change_ms):
            walk(records, [*leaving, *coming])
        with clocked(took_ms, profile):
            usage = usage.with_changes(removed=leaving, added=coming)
            planned, memory = plan(topology, usage, requests, memory, now_s)
    return took_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="print where the time goes (and slow it down)")
    arguments = parser.parse_args()
    look_seldom()
    profile = cProfile.Profile() if arguments.profile else None
    measured = measure(arguments.nodes, arguments.services, arguments.repeats, profile)
    resident_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{arguments.nodes} nodes of {GPUS} GPUs, {arguments.services} services, {measured.pods} pods; "
        f"{measured.granted_frac:.0%} of what is wanted was granted"
    )
    print(f"{'':28}{'median':>10}{'worst':>10}{'budget':>10}{'of it':>8}{'baseline':>10}{'times it':>10}")
    rows = (
        ("a whole cycle, ms of CPU", measured.full_ms, FULL_MS_MAX, measured.walk_ms),
        (f"{PODS_CHANGED} pods of few services", measured.change_ms, CHANGE_MS_MAX, measured.walk_change_ms),
        (f"{PODS_CHANGED} pods of most services", measured.spread_ms, CHANGE_MS_MAX, measured.walk_change_ms),
    )
    for name, found, budget, plain in rows:
        middle, least = statistics.median(found), statistics.median(plain)
        print(
            f"{name:28}{middle:10.1f}{max(found):10.1f}{budget:10.0f}{middle / budget:8.0%}"
            f"{least:10.1f}{middle / least:10.1f}"
        )
    of_it = resident_mb / RESIDENT_MB_MAX
    print(f"{'resident memory, MB':28}{resident_mb:10.0f}{'':10}{RESIDENT_MB_MAX:10.0f}{of_it:8.0%}")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
