"""Signals of one service, put together from whatever samples a source has. The same for both sources.

Pure: all asking is done before. It must never know which source it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import DisaggregatedService
from scaler.core.observation import (
    Absent,
    Coverage,
    Histogram,
    Present,
    Quiet,
    Reading,
    RoleSignals,
    SignalName,
    Signals,
    Why,
)
from scaler.edge import buckets
from scaler.edge.engines.choice import Choice
from scaler.edge.engines.preset import LATENCY, LOAD, RUNNING, WAITING, Candidate, Kind, Place, Signal
from scaler.edge.series import Replicas, Series, believable, total

OF_ROLE = {Role.PREFILL: Place.PREFILL, Role.DECODE: Place.DECODE}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the service's own query for a signal gave, in place of the preset's."""

    answer: Sequence[Series] | buckets.Buckets | float | Absent


class Samples(Protocol):
    """One service's samples at one tick."""

    sample_interval_s: float | None

    def replicas(self, place: Place) -> Replicas: ...

    def choice(self, signal: Signal) -> Choice | Asked: ...

    def series(self, candidate: Candidate, index: int) -> Sequence[Series] | Absent:
        """Series of the candidate's term `index`; of a histogram those of its count, as rates."""
        ...

    def buckets(self, candidate: Candidate) -> buckets.Buckets | Absent:
        """The histogram merged over the covered replicas."""
        ...

    def demand(self, role: Role) -> Reading[float] | None: ...


def assemble(service: DisaggregatedService, samples: Samples) -> Signals:
    """All readings of one service."""
    stale_after_s = service.spec.signals.stale_after_s if service.spec.signals else 0.0
    return Signals(
        prefill=_role(Role.PREFILL, samples, stale_after_s),
        decode=_role(Role.DECODE, samples, stale_after_s),
        latencies=_latencies(samples, stale_after_s),
        names=tuple(_name(signal, samples.choice(signal)) for signal in Signal),
        sample_interval_s=samples.sample_interval_s,
    )


def _name(signal: Signal, choice: Choice | Asked) -> SignalName:
    if isinstance(choice, Asked):
        return SignalName(signal=signal.value, used=f"queries.{signal.value}")
    return choice.name


def _role(role: Role, samples: Samples, stale_after_s: float) -> RoleSignals:
    replicas = samples.replicas(OF_ROLE[role])
    return RoleSignals(
        ready=len(replicas.ready),
        discovered=len(replicas.discovered),
        load=_number(LOAD[role], role, samples, stale_after_s),
        demand=samples.demand(role),
        waiting=_number(WAITING[role], role, samples, stale_after_s),
        running=_number(RUNNING[role], role, samples, stale_after_s),
    )


def _number(signal: Signal, role: Role, samples: Samples, stale_after_s: float) -> Reading[float]:
    ready = samples.replicas(OF_ROLE[role]).ready
    choice = samples.choice(signal)
    if isinstance(choice, Asked):
        return _asked(choice.answer, ready, stale_after_s)
    if isinstance(choice.used, Absent):
        return choice.used
    if choice.used.place is Place.FRONTEND:
        frontends = samples.replicas(Place.FRONTEND).ready
        return _whole(_total(choice.used, samples, frontends, stale_after_s), len(ready))
    return _total(choice.used, samples, ready, stale_after_s)


def _asked(
    answer: Sequence[Series] | buckets.Buckets | float | Absent, ready: frozenset[str], stale_after_s: float
) -> Reading[float]:
    match answer:
        case Absent():
            return answer
        case int() | float():
            return Present(float(answer), 1, 0.0, Coverage(len(ready), len(ready)))
        case Mapping():
            return Absent(Why.SOURCE_REFUSED, "the query answers with buckets, a number is needed")
        case _:
            return total([answer], [], ready=ready, stale_after_s=stale_after_s)


def _total(candidate: Candidate, samples: Samples, ready: frozenset[str], stale_after_s: float) -> Reading[float]:
    terms: list[Sequence[Series]] = []
    for index in range(len(candidate.terms)):
        series = samples.series(candidate, index)
        if isinstance(series, Absent):
            return series
        terms.append(believable(series) if candidate.kind is Kind.GAUGE else series)
    added = len(candidate.plus)
    return total(terms[:added], terms[added:], ready=ready, stale_after_s=stale_after_s)


def _whole(reading: Reading[float], ready: int) -> Reading[float]:
    """A frontends' number speaks for every replica behind them, and for none if one of them is silent."""
    if not isinstance(reading, Present):
        return reading
    seen = reading.coverage
    if seen.covered < seen.ready:
        return Absent(Why.FRONTEND_SILENT, f"{seen.ready - seen.covered} of {seen.ready} frontends")
    return replace(reading, coverage=Coverage(ready, ready))


def _latencies(samples: Samples, stale_after_s: float) -> Mapping[GuardMetric, Reading[Histogram]]:
    return {metric: _latency(metric, samples, stale_after_s) for metric in GuardMetric}


def _latency(metric: GuardMetric, samples: Samples, stale_after_s: float) -> Reading[Histogram]:
    choice = samples.choice(LATENCY[metric])
    if not isinstance(choice, Asked):
        return choice.used if isinstance(choice.used, Absent) else _read(choice.used, samples, stale_after_s)
    match choice.answer:
        case Absent() as absent:
            return absent
        case Mapping() as own:
            ready = len(samples.replicas(OF_ROLE[metric.role]).ready)
            return _histogram(own, 0.0, Coverage(ready, ready))
        case _:
            return Absent(Why.SOURCE_REFUSED, "the query answers without the label le, buckets are needed")


def _read(candidate: Candidate, samples: Samples, stale_after_s: float) -> Reading[Histogram]:
    counted = _total(candidate, samples, samples.replicas(candidate.place).ready, stale_after_s)
    if not isinstance(counted, Present):
        return counted if isinstance(counted, Absent) else Absent(Why.NO_SERIES)
    merged = samples.buckets(candidate)
    return merged if isinstance(merged, Absent) else _histogram(merged, counted.age_s, counted.coverage)


def _histogram(merged: buckets.Buckets, age_s: float, coverage: Coverage) -> Reading[Histogram]:
    value = buckets.histogram(merged)
    if isinstance(value, Absent):
        return value
    observed = round(value.total)
    return Present(value, observed, age_s, coverage) if observed else Quiet(0, age_s)
