"""Gather, tick, persist, publish: one round over all services.

The rules are the coordinator's, the calls the sources'; this file owns the order. A decision is persisted before
anybody can read it, so that a process killed in between continues from what it may have been about to say. It must
never know a metric name, a file format or what time it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.coordinator.placement import Placement, grant_everything
from heteroscale.coordinator.tick import Running, Starting, State, TickResult, started_with, tick
from heteroscale.ticker.calendar import active_entries, override_in_force
from prescheduler.core.tier_memory import NOTHING_REMEMBERED
from scaler.core.observation import Observation, Signals
from scaler.edge.board import Board, Entry
from scaler.edge.ledger import CannotPersist, Ledger
from scaler.edge.ledger_text import Record
from scaler.edge.signal_source import Instant, Source

log = logging.getLogger(__name__)

GATHERING_FRAC = 0.6
"""Of the interval. The rest is for deciding, persisting and the calls that are answered meanwhile."""

NOT_OBSERVED = "no replica could be counted yet"
NO_PAIRS: Mapping[ServiceKey, Pair] = MappingProxyType({})


class TickObserver(Protocol):
    """Who counts what went wrong here."""

    def persist_failed(self) -> None: ...


class Ticker:
    """Owns the states of all services; the only writer of its board and its ledger.

    ledger: None keeps nothing, so that a restart begins by counting replicas. current: pairs that an operator vouches
    for; each is believed once, when its service first appears (with a ledger: once for ever, see `_begin`).
    """

    def __init__(
        self,
        *,
        source: Source,
        board: Board,
        ledger: Ledger | None = None,
        interval_s: float,
        place: Placement = grant_everything,
        current: Mapping[ServiceKey, Pair] = NO_PAIRS,
        observer: TickObserver | None = None,
    ) -> None:
        self._source = source
        self._board = board
        self._ledger = ledger
        self._interval_s = interval_s
        self._place = place
        self._current = dict(current)
        self._said: dict[ServiceKey, Pair] = {}
        self._observer = observer
        self._states: dict[ServiceKey, State] = {}
        self._sequence = 0 if ledger is None else ledger.sequence
        self._placement = NOTHING_REMEMBERED  # not persisted: tiers are found anew, groups are in each decision

    async def tick(self, services: Sequence[DisaggregatedService], instant: Instant) -> None:
        """One round. Where it cannot be persisted, it did not happen: the board keeps what it had, which ages."""
        states = {service.key: self._states.get(service.key) or self._begin(service.key) for service in services}
        self._states = states  # what was begun stays begun, even if this round ends in an exception
        signals = await self._gather(services, instant)
        result = tick(
            services,
            {
                service.key: self._observation(service, signals, instant)
                for service in services
                if service.key in signals
            },
            states,
            now_s=instant.now_s,
            sequence=self._sequence,
            place=self._place,
            placement=self._placement,
        )
        for key, error in result.failures.items():
            log.error("%s: its step failed, and what was decided before it ages", key, exc_info=error)
        outcomes = result.outcomes
        if await self._persisted(services, result, instant):
            self._sequence = result.sequence
            self._placement = result.placement
            self._states = {key: outcomes[key].state if key in outcomes else state for key, state in states.items()}
            self._board.publish([self._entry(service, result, instant) for service in services])
        else:
            # Only what was never going to be persisted moves on: a count of replicas does not start anew.
            self._states = {
                key: outcomes[key].state if key in outcomes and outcomes[key].decision is None else state
                for key, state in states.items()
            }

    async def _gather(self, services: Sequence[DisaggregatedService], instant: Instant) -> Mapping[ServiceKey, Signals]:
        async with asyncio.timeout(self._interval_s):  # a source that breaks its promise must not stop the clock
            return await self._source.observe(services, instant, deadline_s=GATHERING_FRAC * self._interval_s)

    def _observation(
        self, service: DisaggregatedService, signals: Mapping[ServiceKey, Signals], instant: Instant
    ) -> Observation:
        return Observation(
            signals=signals[service.key],
            active_entries=active_entries(service.spec.schedule, instant.unix_s),
            override=override_in_force(service.overrides, instant.unix_s),
            interval_s=self._interval_s,
        )

    def _begin(self, key: ServiceKey) -> State:
        """A service that is new to this process, or back after its file was gone.

        A pair that somebody said once may stand in a manifest for ever: where the ledger knows that it was believed
        before, the service has moved on since, and going back to it could shrink a busy pool.
        """
        record = None if self._ledger is None else self._ledger.record(key)
        said = self._current.pop(key, None)
        if said is not None:
            self._said[key] = said
        elif record is not None and record.said is not None:
            self._said.setdefault(key, record.said)
        if record is None:
            return Starting() if said is None else started_with(said)
        if said is None or said == record.said:
            return Starting(persisted=record.memory, last=record.decision)
        return Running(memory=replace(record.memory, in_force=said), last=record.decision)

    async def _persisted(self, services: Sequence[DisaggregatedService], result: TickResult, instant: Instant) -> bool:
        if self._ledger is None:
            return True
        records = {
            key: Record(memory=outcome.state.memory, decision=outcome.decision, said=self._said.get(key))
            for key, outcome in result.outcomes.items()
            if isinstance(outcome.state, Running)
        }
        try:
            await self._ledger.persist(
                records, live=[service.key for service in services], sequence=result.sequence, instant=instant
            )
        except CannotPersist as trouble:
            log.error("%s; nothing new is served until it can be written, and what was decided ages", trouble)  # noqa: TRY400
            if self._observer is not None:
                self._observer.persist_failed()
            return False
        return True

    def _entry(self, service: DisaggregatedService, result: TickResult, instant: Instant) -> Entry:
        outcome = result.outcomes.get(service.key)
        if outcome is not None:
            return _decided(service, outcome.decision, outcome.waiting_for, instant)
        before = self._board.entry(service.key)
        if before is not None:
            return replace(before, service=service)  # not observed: it keeps its age
        return _decided(service, None, NOT_OBSERVED, instant)


def _decided(service: DisaggregatedService, decision: Decision | None, waiting_for: str, instant: Instant) -> Entry:
    return Entry(
        service=service,
        decision=decision,
        evaluated_at_s=instant.now_s,
        decided_at_unix_s=instant.unix_s,
        waiting_for=waiting_for,
    )
