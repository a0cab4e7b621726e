"""What a preset is: per signal the names it may be read under, best first.

The same preset serves both sources: one renders PromQL from a candidate, the other evaluates it over its own samples.
This file must never know how a sample is obtained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Role
from disaggregated_service.core.signals_spec import Engine


class Place(StrEnum):
    """Whose series they are. A frontend is no replica of a role: what it counts, it counts for the whole service."""

    PREFILL = "prefill"
    DECODE = "decode"
    FRONTEND = "frontend"


class Kind(StrEnum):
    """How a value follows from samples: a counter's rate, a gauge's last sample, a histogram's increase."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Signal(StrEnum):
    """The signals of one service, under the names that `signals.queries`, `names` and `explain` use."""

    PREFILL_TPS = "prefill_tps"
    DECODE_TPS = "decode_tps"
    PREFILL_WAITING = "prefill_waiting"
    DECODE_WAITING = "decode_waiting"
    PREFILL_RUNNING = "prefill_running"
    DECODE_RUNNING = "decode_running"
    TTFT = "ttft"
    TBT = "tbt"

    @property
    def camel_case(self) -> str:
        """How YAML writes it: `decodeTps`. Both forms are understood in `signals.queries`."""
        first, *rest = self.value.split("_")
        return first + "".join(word.title() for word in rest)


LOAD = {Role.PREFILL: Signal.PREFILL_TPS, Role.DECODE: Signal.DECODE_TPS}
WAITING = {Role.PREFILL: Signal.PREFILL_WAITING, Role.DECODE: Signal.DECODE_WAITING}
RUNNING = {Role.PREFILL: Signal.PREFILL_RUNNING, Role.DECODE: Signal.DECODE_RUNNING}
LATENCY = {GuardMetric.TTFT: Signal.TTFT, GuardMetric.TBT: Signal.TBT}
HISTOGRAMS = frozenset(LATENCY.values())


@dataclass(frozen=True, slots=True)
class Term:
    """One metric. name: as exposed, of a histogram without `_bucket`. labels: values the series must carry."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        labels = ",".join(f'{label}="{value}"' for label, value in self.labels)
        return f"{self.name}{{{labels}}}" if labels else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to read a signal: the sum of `plus` less the sum of `minus`, all of them series of one place."""

    kind: Kind
    place: Place
    plus: tuple[Term, ...]
    minus: tuple[Term, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        return self.plus + self.minus

    @property
    def names(self) -> tuple[str, ...]:
        """The names that must exist for this candidate to be used."""
        ending = "_bucket" if self.kind is Kind.HISTOGRAM else ""
        return tuple(term.name + ending for term in self.terms)

    def __str__(self) -> str:
        return " - ".join([" + ".join(map(str, self.plus)), *map(str, self.minus)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One engine: per signal the candidates in order of preference."""

    engine: Engine
    candidates: Mapping[Signal, tuple[Candidate, ...]]

    def names_at(self, place: Place) -> tuple[str, ...]:
        """Every name that may have to be read at a place, a histogram's by its parts; sorted."""
        return tuple(sorted(set(self._names_at(place))))

    def _names_at(self, place: Place) -> Iterator[str]:
        for candidates in self.candidates.values():
            for candidate in candidates:
                if candidate.place is place:
                    yield from candidate.names
                    if candidate.kind is Kind.HISTOGRAM:
                        yield from (f"{term.name}_count" for term in candidate.terms)


def counter(place: Place, *plus: Term, minus: tuple[Term, ...] = ()) -> Candidate:
    return Candidate(kind=Kind.COUNTER, place=place, plus=plus, minus=minus)


def gauge(place: Place, *plus: Term) -> Candidate:
    return Candidate(kind=Kind.GAUGE, place=place, plus=plus)


def histogram(place: Place, name: str, *labels: tuple[str, str]) -> Candidate:
    return Candidate(kind=Kind.HISTOGRAM, place=place, plus=(Term(name, labels),))
