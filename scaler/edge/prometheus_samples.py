"""One service's samples as Prometheus answered them: rows become series of replicas. Pure.

Prometheus marks a series stale the moment one scrape fails, and then gives no timestamp for it. What was seen
before is remembered here, so that one lost scrape within `staleAfter` does not make a replica silent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, isnan
from typing import TypeVar

from disaggregated_service.core.pair import Role, ServiceKey
from scaler.core.observation import Absent, Coverage, Present, Reading, Why
from scaler.edge import buckets
from scaler.edge.assembly import Asked
from scaler.edge.engines.choice import Choice
from scaler.edge.engines.preset import HISTOGRAMS, LOAD, Candidate, Kind, Place, Signal
from scaler.edge.prometheus_names import selector
from scaler.edge.prometheus_plan import ServicePlan, Want, What
from scaler.edge.prometheus_query import Answer, Row
from scaler.edge.series import PLAUSIBLE_MAX, Labels, Replicas, Series, is_plausible

T = TypeVar("T")

COLLECTOR_LABELS = frozenset(
    {"job", "instance", "endpoint", "service", "prometheus", "prometheus_replica", "replica", "receive", "tenant_id"}
)
"""Labels that say who collected a series. Two series that differ in nothing else are one, collected twice."""


@dataclass(slots=True)
class Memory:
    """What outlives a tick: who was there last, who has ever answered, and when each series was last sampled."""

    replicas: dict[tuple[ServiceKey, Place], Replicas] = field(default_factory=dict)
    sampled_at_unix_s: dict[Want, Mapping[Labels, float]] = field(default_factory=dict)

    def forget_all_but(self, keys: frozenset[ServiceKey]) -> None:
        self.replicas = {at: seen for at, seen in self.replicas.items() if at[0] in keys}
        self.sampled_at_unix_s = {want: seen for want, seen in self.sampled_at_unix_s.items() if want.service in keys}


class PrometheusSamples:
    """The `Samples` of one service, over the answers of one tick."""

    def __init__(self, plan: ServicePlan, answers: Mapping[Want, Answer], at_unix_s: float, memory: Memory) -> None:
        self._plan = plan
        self._answers = answers
        self._at_unix_s = at_unix_s
        self._memory = memory
        self._key = plan.service.key
        self._label = plan.signals.replica_label
        self._replicas = {place: self._who(place) for place in Place}
        self.sample_interval_s = self._sample_interval_s()

    @property
    def knows_its_replicas(self) -> bool:
        """Whether both pools have ever been counted; without that nothing can be said of the service."""
        return all((self._key, place) in self._memory.replicas for place in (Place.PREFILL, Place.DECODE))

    def replicas(self, place: Place) -> Replicas:
        return self._replicas[place]

    def choice(self, signal: Signal) -> Choice | Asked:
        if signal not in self._plan.own:
            return self._plan.choices[signal]
        rows = self._answers[Want(self._key, What.OWN, signal)]
        if isinstance(rows, Absent):
            return Asked(rows)
        if not rows:
            return Asked(Absent(Why.NO_SERIES, f"queries.{signal} answers with nothing"))
        return Asked(_bounds(rows) if signal in HISTOGRAMS else self._own(rows))

    def series(self, candidate: Candidate, index: int) -> Sequence[Series] | Absent:
        return self._series(self._signal(candidate), index, candidate.kind is Kind.GAUGE)

    def buckets(self, candidate: Candidate) -> buckets.Buckets | Absent:
        signal = self._signal(candidate)
        sums = self._answers[Want(self._key, What.BUCKET_SUMS, signal)]
        counts = self._answers[Want(self._key, What.BUCKET_SERIES, signal)]
        if isinstance(sums, Absent):
            return sums
        if isinstance(counts, Absent):
            return counts
        return buckets.shared(_by_bound(sums), _by_bound(counts))

    def demand(self, role: Role) -> Reading[float] | None:
        rows = self._answers.get(Want(self._key, What.DEMAND, role))
        if rows is None or isinstance(rows, Absent):
            return rows
        if not rows:
            return Absent(Why.NO_SERIES, "demandMetric answers with nothing")
        value = sum(row.value for row in rows)
        if not is_plausible(value):
            return Absent(Why.NOT_A_NUMBER, "demandMetric")
        return Present(value, len(rows), 0.0, Coverage(len(rows), len(rows)))

    def _signal(self, candidate: Candidate) -> Signal:
        return next(signal for signal, choice in self._plan.choices.items() if choice.used is candidate)

    def _who(self, place: Place) -> Replicas:
        before = self._memory.replicas.get((self._key, place))
        if not selector(self._plan.service, place):
            return Replicas()
        rows = self._answers[Want(self._key, What.REPLICAS, place)]
        if isinstance(rows, Absent):
            return before or Replicas()
        seen = {row.labels.get(self._label, ""): row.value for row in rows}
        seen.pop("", None)
        if not seen:  # no `up` with these labels: who has series is all that can be known
            seen = dict.fromkeys(self._with_series(place), 1.0)
        answered = {name for name, value in seen.items() if value > 0} | (before.ready if before else frozenset())
        now = Replicas(frozenset(seen), frozenset(answered & seen.keys()))
        self._memory.replicas[self._key, place] = now
        return now

    def _with_series(self, place: Place) -> frozenset[str]:
        return frozenset(
            series.replica
            for signal, choice in self._plan.choices.items()
            if isinstance(choice.used, Candidate) and choice.used.place is place
            for series in _or_none(self._series(signal, 0, choice.used.kind is Kind.GAUGE))
            if isfinite(series.age_s)
        )

    def _series(self, signal: Signal, index: int, gauge: bool) -> Sequence[Series] | Absent:
        values = self._answers[Want(self._key, What.VALUE, signal, index)]
        times = self._answers[Want(self._key, What.TIMESTAMPS, signal, index)]
        counts = () if gauge else self._answers[Want(self._key, What.SAMPLES, signal, index)]
        for answer in (values, times, counts):
            if isinstance(answer, Absent):
                return answer
        value_of, count_of = _by_labels(values), _finite(counts)
        sampled_at = self._sampled_at(Want(self._key, What.TIMESTAMPS, signal, index), times)
        return [
            Series(
                replica=dict(labels).get(self._label, ""),
                identity=self._identity(labels),
                value=value_of.get(labels),
                age_s=max(0.0, self._at_unix_s - sampled_at.get(labels, -inf)),
                samples=1 if gauge else round(count_of.get(labels, 0.0)),
            )
            for labels in sorted(value_of.keys() | _by_labels(times).keys())
        ]

    def _sampled_at(self, want: Want, times: Answer) -> Mapping[Labels, float]:
        oldest_unix_s = self._at_unix_s - self._plan.signals.stale_after_s
        before = self._memory.sampled_at_unix_s.get(want, {})
        kept = {labels: at for labels, at in before.items() if at >= oldest_unix_s}
        self._memory.sampled_at_unix_s[want] = {**kept, **_finite(times)}
        return self._memory.sampled_at_unix_s[want]

    def _identity(self, labels: Labels) -> Labels:
        return tuple((name, value) for name, value in labels if name == self._label or name not in COLLECTOR_LABELS)

    def _own(self, rows: Sequence[Row]) -> Sequence[Series] | float | Absent:
        """The service's own query: per replica, or one number. Its age cannot be asked and is taken as none."""
        if len(rows) == 1 and self._label not in rows[0].labels:
            value = rows[0].value
            return min(value, PLAUSIBLE_MAX) if 0 <= value < inf else Absent(Why.NOT_A_NUMBER, f"{value}")
        if any(self._label not in row.labels for row in rows):
            return Absent(Why.AMBIGUOUS, f"{len(rows)} series without the label {self._label}")
        return [
            Series(labels[self._label], self._identity(tuple(sorted(labels.items()))), row.value, 0.0, 1)
            for row in rows
            for labels in (row.labels,)
        ]

    def _sample_interval_s(self) -> float | None:
        wants = [Want(self._key, What.SAMPLES, LOAD[role]) for role in Role]
        counts = [row.value for want in wants for row in _or_none(self._answers.get(want, ()))]
        most = max(counts, default=0.0)
        return self._plan.signals.window_s / most if most >= 1 else None


def _or_none(answer: Sequence[T] | Absent) -> Sequence[T]:
    return () if isinstance(answer, Absent) else answer


def _finite(rows: Answer) -> dict[Labels, float]:
    """Without the numbers that are none: a time that is NaN would pass for the present, and hide a silent replica."""
    return {labels: value for labels, value in _by_labels(rows).items() if isfinite(value)}


def _by_labels(rows: Answer) -> dict[Labels, float]:
    if isinstance(rows, Absent):
        return {}
    return {
        tuple(sorted((name, value) for name, value in row.labels.items() if name != "__name__")): row.value
        for row in rows
    }


def _by_bound(rows: Sequence[Row]) -> buckets.Buckets:
    bounds: dict[float, float] = {}
    for row in rows:
        try:
            bound = float(row.labels.get("le", "nan"))
        except ValueError:
            continue
        if not isnan(bound):
            bounds[bound] = bounds.get(bound, 0.0) + row.value
    return bounds


def _bounds(rows: Sequence[Row]) -> buckets.Buckets | Absent:
    bounds = _by_bound(rows)
    return bounds or Absent(Why.SOURCE_REFUSED, "the query answers without the label le, buckets are needed")
