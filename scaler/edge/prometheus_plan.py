"""What is asked for one service in one tick: its choices, and the expressions that answer them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from disaggregated_service.core.pair import Role, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import SignalsSpec
from scaler.edge import prometheus_promql as promql
from scaler.edge.engines.choice import PRESETS, Choice, NamesFound, choose
from scaler.edge.engines.preset import Candidate, Kind, Place, Signal, Term
from scaler.edge.prometheus_batch import Part
from scaler.edge.prometheus_names import selector


class What(StrEnum):
    """What an expression is for."""

    REPLICAS = "replicas"
    VALUE = "value"
    TIMESTAMPS = "timestamps"
    SAMPLES = "samples"
    BUCKET_SUMS = "bucket_sums"
    BUCKET_SERIES = "bucket_series"
    OWN = "own"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True)
class Want:
    """One expression's identity. of: the place, signal or role it is for; index: the candidate's term."""

    service: ServiceKey
    what: What
    of: Place | Signal | Role
    index: int = 0


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """One service's questions."""

    service: DisaggregatedService
    signals: SignalsSpec
    choices: Mapping[Signal, Choice]
    own: Mapping[Signal, str]

    def parts(self) -> Iterator[Part[Want]]:
        key = self.service.key
        for place in Place:
            if matchers := selector(self.service, place):
                yield Part(
                    Want(key, What.REPLICAS, place),
                    promql.replicas(matchers, self.signals.replica_label),
                    f"up {place}",
                )
        for signal, query in self.own.items():
            yield Part(Want(key, What.OWN, signal), query, "", alone=True)
        for signal, choice in self.choices.items():
            if isinstance(choice.used, Candidate):
                yield from self._candidate(signal, choice.used)
        for role in Role:
            load = self.service.spec.load.of(role)
            if load is not None and load.demand_metric is not None:
                yield Part(Want(key, What.DEMAND, role), load.demand_metric, "", alone=True)

    def _candidate(self, signal: Signal, candidate: Candidate) -> Iterator[Part[Want]]:
        matchers = selector(self.service, candidate.place)
        for index, term in enumerate(candidate.terms):
            yield from self._term(signal, candidate.kind, term, index, matchers)
        if candidate.kind is Kind.HISTOGRAM:
            yield from self._buckets(signal, candidate.plus[0], matchers)

    def _term(self, signal: Signal, kind: Kind, term: Term, index: int, matchers: str) -> Iterator[Part[Want]]:
        key, window_s = self.service.key, self.signals.window_s
        if kind is Kind.HISTOGRAM:
            term = Term(f"{term.name}_count", term.labels)
        if kind is Kind.GAUGE:
            asked = promql.value(term, matchers)
        else:
            asked = promql.rate(term, matchers, window_s)
            yield Part(Want(key, What.SAMPLES, signal, index), promql.samples(term, matchers, window_s), signal)
        yield Part(Want(key, What.VALUE, signal, index), asked, signal)
        yield Part(Want(key, What.TIMESTAMPS, signal, index), promql.timestamps(term, matchers), signal)

    def _buckets(self, signal: Signal, term: Term, matchers: str) -> Iterator[Part[Want]]:
        key, spec = self.service.key, self.signals
        vector = promql.buckets(term, matchers, spec.window_s, spec.stale_after_s, spec.replica_label)
        group = f"{signal} {key}"  # one query a service: joined with others it would be slower, not faster
        for what, expression in zip((What.BUCKET_SUMS, What.BUCKET_SERIES), promql.by_bound(vector), strict=True):
            yield Part(Want(key, what, signal), expression, group)


def plan(service: DisaggregatedService, signals: SignalsSpec, found: NamesFound) -> ServicePlan:
    """Chooses names for every signal for which the service has no query of its own."""
    own = {
        signal: query
        for signal in Signal
        if (query := signals.queries.get(signal.value, signals.queries.get(signal.camel_case)))
    }
    preset = PRESETS[service.spec.engine]
    choices = {signal: choose(preset, signal, found) for signal in Signal if signal not in own}
    return ServicePlan(service, signals, choices, own)
