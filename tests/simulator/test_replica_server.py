from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import numpy as np
import pytest

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4 as ENGINE
from heteroscale.simulator.replica_server import ReplicaServer
from heteroscale.simulator.world.world import World


@pytest.fixture
def world() -> World:
    requests = Requests(np.array([1.0, 2.0]), np.array([8000, 8000]), np.array([4000, 4000]))
    return World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=Pair(1, 2))


@pytest.fixture
async def server(world: World) -> AsyncIterator[ReplicaServer]:
    server = ReplicaServer(world)
    await server.start()
    yield server
    await server.stop()


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_each_ready_replica_shows_its_own_counters(world: World, server: ReplicaServer):
    world.run_until(10.0)
    endpoints = server.endpoints()
    status, text = await get(endpoints.prefill[0])
    assert status == 200
    assert (
        'vllm:prompt_tokens_by_source_total{engine="0",model_name="llama-3.1-70b",source="local_compute"} 16000.0'
        in text
    )
    texts = [(await get(url))[1] for url in endpoints.decode]
    assert all('vllm:num_requests_running{engine="0",model_name="llama-3.1-70b"} 1.0' in text for text in texts)


async def test_a_starting_replica_is_listed_and_does_not_answer_yet(world: World, server: ReplicaServer):
    world.resize(Role.PREFILL, 2)
    endpoints = server.endpoints()
    assert len(endpoints.prefill) == 2
    assert (await get(endpoints.prefill[1]))[0] == 503
    world.run_until(200.0)
    assert (await get(endpoints.prefill[1]))[0] == 200


async def test_a_draining_replica_is_no_longer_listed(world: World, server: ReplicaServer):
    world.run_until(10.0)
    before = server.endpoints()
    world.resize(Role.DECODE, 1)
    after = server.endpoints()
    assert len(after.decode) == 1
    gone = (set(before.decode) - set(after.decode)).pop()
    assert (await get(gone))[0] == 200
    world.run_until(300.0)
    assert (await get(gone))[0] == 404
