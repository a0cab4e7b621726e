"""World, scaler and KEDA's stand-in in lockstep: nothing moves before the one before it has ended.

A tick of the world ends when scrape, decision and the calls of the next 30 s have ended, each call at its own moment
of world time. So a slow machine changes how long this takes and not what comes out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from disaggregated_service.core.decision import Decision, ReadingState
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.command.demo_frame import Frame
from heteroscale.command.demo_service import TICK_S, with_endpoints
from heteroscale.simulator.hpa import HpaSpec, desired_replicas
from heteroscale.simulator.keda_client import Failed, KedaClient, Measured
from heteroscale.simulator.keda_schedule import Ask, due_between
from heteroscale.simulator.replica_server import ReplicaServer
from heteroscale.simulator.trace import FloatArray
from heteroscale.simulator.world.world import World
from scaler.edge.board import Board
from scaler.edge.signal_source import Instant

MIDNIGHT_UNIX_S = 1_767_571_200.0  # a Monday, UTC; the trace names no date
LATENCY_WINDOW_S = 60.0


class Ticks(Protocol):
    """The scaler's clockwork, as far as the demo winds it."""

    async def tick(self, services: Sequence[DisaggregatedService], instant: Instant) -> None: ...


class Scrapes(Protocol):
    """The source, as far as the demo sets its pace."""

    async def scrape(self, services: Sequence[DisaggregatedService], instant: Instant) -> None: ...


Watch = Callable[[Frame], Awaitable[None]]


@dataclass(slots=True)
class Calls:
    """How many questions KEDA's stand-in asked, and how many ended without a number."""

    asked: int = 0
    failed: int = 0


class DemoLoop:
    """One service in one world. `clients` ask for one role each."""

    def __init__(
        self,
        *,
        world: World,
        replicas: ReplicaServer,
        source: Scrapes,
        ticker: Ticks,
        board: Board,
        clients: Mapping[Role, KedaClient],
        service: DisaggregatedService,
        begins_unix_s: float,
    ) -> None:
        self._world = world
        self._replicas = replicas
        self._source = source
        self._ticker = ticker
        self._board = board
        self._clients = clients
        self._service = service
        self._begins_unix_s = begins_unix_s
        self._hpas = {role: _hpa(service, role) for role in Role}
        self.calls = Calls()

    async def run(self, until_s: float, watch: Watch) -> tuple[Frame, ...]:
        """Tick from 0 to `until_s` (not included), then let the world reach it. No decision, no frame."""
        frames: list[Frame] = []
        published: Pair | None = None
        while self._world.now_s < until_s:
            decision = await self._decide()
            if decision is not None:
                moved = published is not None and decision.published != published
                published = decision.published
                frames.append(self._frame(decision, moved=moved))
                await watch(frames[-1])
            await self._ask_until(min(until_s, self._world.now_s + TICK_S))
        return tuple(frames)

    async def _decide(self) -> Decision | None:
        now_s = self._world.now_s
        service = with_endpoints(self._service, self._replicas.endpoints())
        instant = Instant(now_s=now_s, unix_s=self._begins_unix_s + now_s)
        await self._source.scrape([service], instant)
        await self._ticker.tick([service], instant)
        entry = self._board.entry(service.key)
        return entry.decision if entry is not None else None

    async def _ask_until(self, until_s: float) -> None:
        for due in due_between(self._world.now_s, until_s):
            self._world.run_until(due.at_s)
            await self._ask(Role(due.role), Ask(due.ask))
        self._world.run_until(until_s)

    async def _ask(self, role: Role, ask: Ask) -> None:
        answer = await self._clients[role].query()
        self.calls.asked += 1
        self.calls.failed += isinstance(answer, Failed)
        if ask is Ask.POLL or not isinstance(answer, Measured):
            return  # the scale loop moves nothing between 1 and more; without a metric the HPA does not either
        wanted = self._world.wanted.of(role)
        replicas = desired_replicas(
            self._hpas[role],
            spec_replicas=wanted,
            status_replicas=wanted,  # a ReplicaSet has its pods within a sync, ready or not
            values_milli=answer.values_milli,
            target_milli=answer.target_milli,
        )
        if replicas != wanted:
            self._world.resize(role, replicas)

    def _frame(self, decision: Decision, *, moved: bool) -> Frame:
        world = self._world
        ttft_s, tbt_s = world.results.lately(world.now_s, LATENCY_WINDOW_S)
        return Frame(
            at_s=world.now_s,
            decode_tps=_read(decision, "decode_tps"),
            prefill_tps=_read(decision, "prefill_tps"),
            wanted=world.wanted,
            ready=world.ready,
            ttft_s_p90=_p90(ttft_s),
            tbt_s_p90=_p90(tbt_s),
            gpu_hours=world.gpu_hours(),
            decision=decision,
            moved=moved,
        )


def _hpa(service: DisaggregatedService, role: Role) -> HpaSpec:
    spec = service.spec.roles.of(role)
    return HpaSpec(min_replicas=spec.min_replicas, max_replicas=spec.max_replicas)


def _read(decision: Decision, signal: str) -> float:
    for reading in decision.readings:
        if reading.signal == signal and reading.state is ReadingState.PRESENT and reading.value is not None:
            return reading.value
    return float("nan")


def _p90(values: FloatArray) -> float:
    return float(np.percentile(values, 90)) if len(values) else float("nan")
