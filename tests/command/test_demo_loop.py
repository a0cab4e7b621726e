"""The loop with a scaler that says nothing, or something odd: what the world does then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc.aio
import numpy as np

from disaggregated_service.core.decision import Decision, Scale
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import DisaggregatedService, Mode
from disaggregated_service.core.trail import Reason
from heteroscale.command.demo_frame import Frame
from heteroscale.command.demo_loop import DemoLoop
from heteroscale.command.demo_play import DIRECT, Unobserved
from heteroscale.command.demo_service import ENGINE, KEY, TICK_S, demo_service
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.keda_client import KedaClient
from heteroscale.simulator.replica_server import ReplicaServer
from heteroscale.simulator.world.world import StartUp, World
from scaler.edge.board import Board, Entry
from scaler.edge.keda_server import KedaServer, KedaServerSettings
from scaler.edge.signal_source import Instant


class NoScraping:
    async def scrape(self, services: Sequence[DisaggregatedService], instant: Instant) -> None:
        pass


@dataclass
class Oracle:
    """Publishes the pair of each tick's plan; nothing at all once it runs out."""

    board: Board
    plan: list[Pair]
    seen: list[DisaggregatedService] = field(default_factory=list)

    async def tick(self, services: Sequence[DisaggregatedService], instant: Instant) -> None:
        self.seen += services
        if not self.plan:
            return
        pair = self.plan.pop(0)
        decision = Decision(
            service=KEY, sequence=len(self.seen), mode=Mode.ACTIVE, verdict=Scale(Reason.LOAD_OUT), in_force=pair,
            targets=pair, granted=pair, published=pair, ready=pair, discovered=pair, trail=(),
        )  # fmt: skip
        entry = Entry(service=services[0], decision=decision, evaluated_at_s=instant.now_s, decided_at_unix_s=0.0)
        self.board.publish([entry])


@asynccontextmanager
async def looped(plan: list[Pair]) -> AsyncIterator[tuple[World, DemoLoop, Oracle]]:
    requests = Requests(np.array([1.0]), np.array([8000]), np.array([100]))
    world = World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=Pair(2, 2), start_up=StartUp(jitter_s=0.0))
    board = Board(interval_s=TICK_S, now_s=lambda: world.now_s)
    oracle = Oracle(board, plan)
    replicas, server = ReplicaServer(world), KedaServer(board, KedaServerSettings(listen="127.0.0.1:0"), Unobserved())
    await replicas.start()
    address = await server.start()
    async with grpc.aio.insecure_channel(address, options=DIRECT) as channel:
        loop = DemoLoop(
            world=world,
            replicas=replicas,
            source=NoScraping(),
            ticker=oracle,
            board=board,
            clients={role: KedaClient(channel, address, KEY, role) for role in Role},
            service=demo_service(),
            begins_unix_s=0.0,
        )
        yield world, loop, oracle
    await server.drain(0.0)
    await replicas.stop()


async def unseen(frame: Frame) -> None:
    del frame


async def test_a_published_pair_reaches_both_pools_through_keda_within_one_tick():
    async with looped([Pair(4, 3)]) as (world, loop, _):
        await loop.run(30.0, unseen)
        assert world.wanted == Pair(4, 3)
        assert world.ready == Pair(2, 2)
        assert loop.calls.failed == 0


async def test_without_a_decision_the_replicas_stay_as_they_are():
    async with looped([]) as (world, loop, _):
        frames = await loop.run(300.0, unseen)
        assert world.wanted == Pair(2, 2)
        assert frames == ()
        assert loop.calls.failed == loop.calls.asked > 0


async def test_a_decision_that_grows_old_freezes_the_pools_and_does_not_shrink_them():
    async with looped([Pair(4, 4)]) as (world, loop, _):
        await loop.run(600.0, unseen)
        assert world.wanted == Pair(4, 4)
        assert 0 < loop.calls.failed < loop.calls.asked


async def test_the_hpas_bounds_hold_whatever_is_published():
    async with looped([Pair(400, 1)]) as (world, loop, _):
        await loop.run(30.0, unseen)
        roles = demo_service().spec.roles
        assert world.wanted == Pair(roles.prefill.max_replicas, roles.decode.min_replicas)


async def test_the_service_lists_the_replicas_that_exist_at_each_tick():
    async with looped([Pair(3, 2), Pair(3, 2), Pair(2, 2)]) as (_, loop, oracle):
        await loop.run(120.0, unseen)
        listed = [service.spec.signals.endpoints for service in oracle.seen if service.spec.signals]
        assert [(len(each.prefill), len(each.decode)) for each in listed] == [(2, 2), (3, 2), (3, 2), (2, 2)]
