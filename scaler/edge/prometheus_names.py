"""Which metric names exist for a service, asked seldom and remembered.

Names appear when engines are upgraded and when a first request creates a series, so a name that is missing is asked
for again sooner than a full set is. An outage forgets nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from scaler.core.observation import Absent
from scaler.edge import prometheus_promql as promql
from scaler.edge.engines.choice import PRESETS, NamesFound, choose
from scaler.edge.engines.preset import Place, Signal
from scaler.edge.prometheus_batch import Ask

KEPT_S = 300.0
INCOMPLETE_KEPT_S = 30.0


@dataclass(frozen=True, slots=True)
class _Question:
    names: tuple[str, ...]
    selector: str


@dataclass(slots=True)
class _Page:
    """What is known of one service's place."""

    question: _Question
    names: frozenset[str]
    asked_at_s: float


@dataclass(slots=True)
class NameBook:
    """Remembers the names found, per service and place."""

    _pages: dict[tuple[ServiceKey, Place], _Page] = field(default_factory=dict)
    _complete: dict[ServiceKey, bool] = field(default_factory=dict)

    async def found(
        self, services: Sequence[DisaggregatedService], ask: Ask, now_s: float
    ) -> Mapping[ServiceKey, NamesFound]:
        """Names at each configured place of each service; where asking failed, those known from before."""
        results = await asyncio.gather(*(self._of(service, ask, now_s) for service in services))
        found = {service.key: result for service, result in zip(services, results, strict=True)}
        self._complete = {service.key: _complete(service, found[service.key]) for service in services}
        self._pages = {key: page for key, page in self._pages.items() if key[0] in found}
        return found

    async def _of(self, service: DisaggregatedService, ask: Ask, now_s: float) -> NamesFound:
        places = [place for place in Place if selector(service, place)]
        names = await asyncio.gather(*(self._at(service, place, ask, now_s) for place in places))
        return dict(zip(places, names, strict=True))

    async def _at(self, service: DisaggregatedService, place: Place, ask: Ask, now_s: float) -> frozenset[str] | Absent:
        question = _Question(PRESETS[service.spec.engine].names_at(place), selector(service, place))
        if not question.names:
            return frozenset()
        known = self._pages.get((service.key, place))
        if known is not None and known.question != question:
            known = None
        kept_s = KEPT_S if self._complete.get(service.key) else INCOMPLETE_KEPT_S
        if known is not None and known.names and now_s - known.asked_at_s < kept_s:
            return known.names
        answer = await ask(promql.names(question.names, question.selector))
        if isinstance(answer, Absent):
            return answer if known is None else known.names
        names = frozenset(row.labels.get("__name__", "") for row in answer)
        if not names and known is not None:
            names = known.names  # every series gone is an outage of the pool, not a change of its engine
        self._pages[service.key, place] = _Page(question, names, now_s)
        return names


def selector(service: DisaggregatedService, place: Place) -> str:
    """The place's label matchers; empty where the service names none, and then nothing is asked of it."""
    signals = service.spec.signals
    return "" if signals is None else str(getattr(signals.selectors, place.value)).strip().rstrip(",").strip()


def _complete(service: DisaggregatedService, found: NamesFound) -> bool:
    preset = PRESETS[service.spec.engine]
    choices = [choose(preset, signal, found) for signal in Signal]
    return not any(choice.missing or isinstance(choice.used, Absent) for choice in choices)
