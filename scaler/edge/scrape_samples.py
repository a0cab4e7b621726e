"""One service's samples as we scraped them: windows become series of replicas. Pure; evaluates what PromQL would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan

from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import SignalsSpec
from scaler.core.counter_increase import increase
from scaler.core.observation import Absent, Reading, Why
from scaler.edge.assembly import Asked
from scaler.edge.buckets import Buckets, merge
from scaler.edge.engines.choice import PRESETS, Choice, choose
from scaler.edge.engines.preset import Candidate, Kind, Place, Signal, Term
from scaler.edge.scrape_window import ReplicaWindow, within
from scaler.edge.series import Labels, Replicas, Series


@dataclass(slots=True)
class Pool:
    """The replicas that exist at one place of a service, and how each one's last scrape failed, if it did."""

    windows: dict[str, ReplicaWindow] = field(default_factory=dict)
    trouble: dict[str, Absent] = field(default_factory=dict)

    @property
    def replicas(self) -> Replicas:
        ready = frozenset(url for url, window in self.windows.items() if window.has_answered)
        return Replicas(frozenset(self.windows), ready)

    @property
    def names(self) -> frozenset[str] | Absent:
        """Names that any replica has; why none is known while nobody has ever answered."""
        if not self.replicas.ready and self.trouble:
            return self.trouble[min(self.trouble)]
        return frozenset().union(*(window.names for window in self.windows.values()))


class ScrapeSamples:
    """The `Samples` of one service at one instant. PromQL of the service's own cannot be asked here."""

    def __init__(
        self, service: DisaggregatedService, signals: SignalsSpec, pools: Mapping[Place, Pool], now_s: float
    ) -> None:
        self._service = service
        self._signals = signals
        self._pools = pools
        self._now_s = now_s
        self._start_s = now_s - signals.window_s
        preset = PRESETS[service.spec.engine]
        found = {place: pool.names for place, pool in pools.items()}
        self._choices = {signal: choose(preset, signal, found) for signal in Signal}
        self.sample_interval_s = self._sample_interval_s()

    def replicas(self, place: Place) -> Replicas:
        pool = self._pools.get(place)
        return Replicas() if pool is None else pool.replicas

    def choice(self, signal: Signal) -> Choice | Asked:
        if signal.value in self._signals.queries:
            return Asked(_unaskable(f"queries.{signal}"))
        return self._choices[signal]

    def series(self, candidate: Candidate, index: int) -> Sequence[Series]:
        term = candidate.terms[index]
        if candidate.kind is Kind.HISTOGRAM:
            term = Term(f"{term.name}_count", term.labels)
        gauge = candidate.kind is Kind.GAUGE
        return [
            self._one(url, labels, samples, gauge)
            for url, window in self._pools[candidate.place].windows.items()
            for labels, samples in window.series(term)
            if samples[-1][0] > self._start_s
        ]

    def buckets(self, candidate: Candidate) -> Buckets:
        term = candidate.plus[0]
        replicas: list[Buckets] = []
        for window in self._pools[candidate.place].windows.values():
            if self._is_fresh(window, Term(f"{term.name}_count", term.labels)):
                replicas.extend(self._grown(window, Term(f"{term.name}_bucket", term.labels)))
        return merge(replicas)

    def demand(self, role: Role) -> Reading[float] | None:
        load = self._service.spec.load.of(role)
        return _unaskable("demandMetric") if load is not None and load.demand_metric is not None else None

    def _one(self, url: str, labels: Labels, samples: Sequence[tuple[float, float]], gauge: bool) -> Series:
        age_s = max(0.0, self._now_s - samples[-1][0])
        if gauge:
            return Series(url, labels, samples[-1][1], age_s, 1)
        window = within(samples, self._start_s, self._now_s)
        grown = increase(window, self._start_s, self._now_s)
        rate = None if grown is None else grown / self._signals.window_s
        return Series(url, labels, rate, age_s, len(window))

    def _is_fresh(self, window: ReplicaWindow, count: Term) -> bool:
        oldest_s = self._now_s - self._signals.stale_after_s
        return any(samples[-1][0] >= oldest_s for _, samples in window.series(count))

    def _grown(self, window: ReplicaWindow, bucket: Term) -> Sequence[Buckets]:
        """Increase per bound, of each histogram that the replica keeps under this name (one a model, one an engine)."""
        histograms: dict[Labels, dict[float, float]] = {}
        for labels, samples in window.series(bucket):
            grown = increase(within(samples, self._start_s, self._now_s), self._start_s, self._now_s)
            bound = _bound(labels)
            if grown is not None and bound is not None:
                others = tuple(label for label in labels if label[0] != "le")
                histograms.setdefault(others, {})[bound] = grown
        return list(histograms.values())

    def _sample_interval_s(self) -> float | None:
        windows = [window for pool in self._pools.values() for window in pool.windows.values()]
        spacings = (window.spacing_s(self._start_s) for window in windows)
        return min((spacing for spacing in spacings if spacing is not None), default=None)


def _bound(labels: Labels) -> float | None:
    """A bucket's upper bound; None where an exporter gives none, which is no bucket."""
    try:
        bound = float(dict(labels)["le"])
    except (KeyError, ValueError):
        return None
    return None if isnan(bound) else bound


def _unaskable(what: str) -> Absent:
    return Absent(Why.NOT_CONFIGURED, f"{what} is PromQL, which nobody can be asked with source scrape")
