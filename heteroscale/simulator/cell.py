"""One run as a plain value, and what comes out of it. Both cross processes and machines, and can be hashed.

A cell names everything that its outcome depends on: equal cells have equal records, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.schedule_spec import ScheduleEntry
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.arrivals import LoadShape
from heteroscale.simulator.policy.registry import Choice
from heteroscale.simulator.signals import ScrapeRhythm
from heteroscale.simulator.trace import Trace
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.interface import Routing
from heteroscale.simulator.world.network import Network
from heteroscale.simulator.world.result import Slo
from heteroscale.simulator.world.start_up import StartUp

TraceRef = Path | Trace
"""A file in one of the known formats, or a load that somebody made up."""

Calendar = Callable[[Iterable[ScheduleEntry], float], tuple[str, ...]]
"""Names of the entries in whose period a unix time lies; a module's function, so that it crosses processes."""


def no_calendar(schedule: Iterable[ScheduleEntry], unix_s: float) -> tuple[str, ...]:
    """No entry is ever active."""
    del schedule, unix_s
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One policy on one load with one seed. shape.seed is the seed of arrivals and lengths, start_up.seed of starts."""

    service: DisaggregatedService
    trace: TraceRef
    shape: LoadShape
    prefill: Engine
    decode: Engine
    policy: Choice
    from_s: float = 0.0
    until_s: float
    start_up: StartUp = field(default_factory=StartUp)
    scrapes: ScrapeRhythm = field(default_factory=ScrapeRhythm)
    network: Network = field(default_factory=Network)
    routing: Routing = Routing.LEAST_WORK
    prefix_hit_frac: float = 0.0
    calendar: Calendar = no_calendar

    @property
    def seed(self) -> int:
        return self.shape.seed

    @property
    def duration_s(self) -> float:
        return self.until_s - self.from_s

    @property
    def slo(self) -> Slo:
        return slo_of(self.service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One minute of a run. Rates and latencies are the world's own over the minute before, not what a scaler saw;

    a latency of nobody is NaN. reason: of the last wish that moved something in that minute, else of the last one.
    """

    at_s: float
    wanted: Pair
    ready: Pair
    input_tps: float
    output_tps: float
    ttft_ms_p90: float
    tbt_ms_p90: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """figures: by the names of `measure.FIGURES`."""

    cell: Cell
    figures: Mapping[str, float] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()


def slo_of(service: DisaggregatedService) -> Slo:
    """The tightest target of each latency's guards. Raises ValueError where one of the two has no guard."""
    targets: dict[GuardMetric, float] = {}
    for guard in service.spec.guards:
        targets[guard.metric] = min(guard.target_s, targets.get(guard.metric, guard.target_s))
    for metric in GuardMetric:
        if metric not in targets:
            raise ValueError(f"spec.guards has no {metric}: its target is the SLO that requests are judged by")
    return Slo(targets[GuardMetric.TTFT], targets[GuardMetric.TBT])
