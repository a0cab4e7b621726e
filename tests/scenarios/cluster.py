"""The pools of a scenario: replicas that start when asked for and are observed as the series say.

Ready counts follow the pair in force (down at once, up after `starts_after`) unless a series gives them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import ServiceSpec
from scaler.core.observation import (
    Absent,
    Coverage,
    Histogram,
    Present,
    Reading,
    RoleSignals,
    Signals,
    Why,
)
from tests.scenarios.scenario import Scenario
from tests.scenarios.series import numbers, words

T = TypeVar("T")
SAMPLES = 100
FINE = tuple(round(0.05 * step, 2) for step in range(1, 81))  # bounds as multiples of the target


@dataclass
class Pools:
    """Ready replicas per role, and those still starting."""

    starts_after_s: float
    ready: dict[Role, int] = field(default_factory=dict)
    starting: dict[Role, list[float]] = field(default_factory=lambda: {role: [] for role in Role})

    def follow(self, pair: Pair, now_s: float) -> None:
        """What the HPA does: the counts asked for, at once."""
        for role in Role:
            asked = pair.of(role)
            waiting = self.starting[role]
            while waiting and self.ready[role] + len(waiting) > asked:
                waiting.pop()
            self.ready[role] = min(self.ready[role], asked)
            waiting.extend([now_s + self.starts_after_s] * (asked - self.ready[role] - len(waiting)))

    def grow(self, now_s: float) -> None:
        for role in Role:
            self.ready[role] += sum(1 for at_s in self.starting[role] if at_s <= now_s)
            self.starting[role] = [at_s for at_s in self.starting[role] if at_s > now_s]


class Readings:
    """The series of a scenario, sample by sample. `scale` multiplies every load, for the scaled form."""

    def __init__(self, scenario: Scenario, scale: float) -> None:
        self._words = {
            name: words(text) for name, text in scenario.series.items() if name.endswith(("_counts", "schedule"))
        }
        self._numbers = {name: numbers(text) for name, text in scenario.series.items() if name not in self._words}
        self._buckets = scenario.buckets
        self._scale = scale
        self.ticks = max([len(each) for each in self._numbers.values()] + [len(each) for each in self._words.values()])

    def entries(self, tick: int) -> tuple[str, ...]:
        word = _at(self._words.get("schedule", []), tick)
        return (word,) if word else ()

    def signals(self, spec: ServiceSpec, pools: Pools, tick: int) -> Signals:
        return Signals(
            prefill=self._role(spec, Role.PREFILL, pools, tick),
            decode=self._role(spec, Role.DECODE, pools, tick),
            latencies={metric: self._latency(spec, metric, tick) for metric in GuardMetric},
        )

    def _role(self, spec: ServiceSpec, role: Role, pools: Pools, tick: int) -> RoleSignals:
        ready = int(self._number(f"{role}_ready", tick, pools.ready[role]) or 0)
        silent = int(self._number(f"{role}_silent", tick, 0) or 0)
        load = spec.load.of(role)
        named = load is not None and load.demand_metric is not None
        discovered = int(self._number(f"{role}_discovered", tick, ready + len(pools.starting[role])) or 0)
        coverage = Coverage(max(0, ready - silent), ready)
        return RoleSignals(
            ready=ready,
            discovered=discovered,
            load=self._scaled(f"{role}_tps", tick, coverage),
            demand=self._scaled(f"{role}_demand_tps", tick, coverage) if named else None,
            waiting=self._gauge(f"{role}_waiting", tick, coverage),
            running=self._gauge(f"{role}_running", tick, coverage),
        )

    def _scaled(self, name: str, tick: int, coverage: Coverage) -> Reading[float]:
        value = self._number(name, tick, None)
        if value is None:
            return Absent(Why.STALE)
        return Present(value * self._scale, 4, 5.0, coverage)

    def _gauge(self, name: str, tick: int, coverage: Coverage) -> Reading[float]:
        value = self._number(name, tick, 0)
        return Absent(Why.NO_SERIES) if value is None else Present(value, 1, 5.0, coverage)

    def _latency(self, spec: ServiceSpec, metric: GuardMetric, tick: int) -> Reading[Histogram]:
        if f"{metric}_counts" in self._words:
            return self._counted(metric, tick)
        target_s = next((guard.target_s for guard in spec.guards if guard.metric is metric), 1.0)
        percentile = next((guard.percentile for guard in spec.guards if guard.metric is metric), 90.0)
        value_ms = self._number(f"{metric}_ms_p{percentile:g}", tick, 750 * target_s)
        samples = self._number(f"{metric}_samples", tick, SAMPLES)
        if value_ms is None or samples is None:
            return Absent(Why.STALE)
        return histogram_of(value_ms / 1000, percentile / 100, target_s, samples)

    def _counted(self, metric: GuardMetric, tick: int) -> Reading[Histogram]:
        word = _at(self._words[f"{metric}_counts"], tick)
        if word is None:
            return Absent(Why.STALE)
        counts = [float(count) for count in word.split("/")]
        sums = [sum(counts[: index + 1]) for index in range(len(counts))]
        histogram = Histogram(self._buckets[metric.value], tuple(sums[:-1]), sums[-1])
        return Present(histogram, int(sums[-1]), 5.0, Coverage(1, 1))

    def _number(self, name: str, tick: int, default: float | None) -> float | None:
        samples = self._numbers.get(name)
        return default if samples is None else _at(samples, tick)


def _at(samples: list[T | None], tick: int) -> T | None:
    """The sample of a tick; a series that has ended keeps its last one."""
    return samples[min(tick, len(samples) - 1)] if samples else None


def histogram_of(value_s: float, quantile: float, target_s: float, samples: float) -> Reading[Histogram]:
    """Samples spread evenly over 0 .. value / quantile, whose quantile is `value_s`, in fine buckets."""
    bounds = tuple(target_s * multiple for multiple in FINE)
    if samples == 0:
        return Present(Histogram(bounds, (0.0,) * len(bounds), 0.0), 0, 5.0, Coverage(1, 1))
    top = value_s / quantile
    cumulative = tuple(samples * min(1.0, bound / top) for bound in bounds)
    return Present(Histogram(bounds, cumulative, samples), int(samples), 5.0, Coverage(1, 1))
