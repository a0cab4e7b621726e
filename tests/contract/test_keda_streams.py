"""StreamIsActive on a real socket: the present state, transitions only, and always a clean end."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from disaggregated_service.core.pair import Pair, ServiceKey
from scaler.edge.keda_server import KedaServerSettings
from scaler.edge.keda_streams import STREAMS_MAX
from tests.contract.keda_client import TIMEOUT_S, eventually, reference, refused, served
from tests.scaler.edge.board_world import INTERVAL_S, World


async def told(stream: Any) -> bool:
    answer = await asyncio.wait_for(stream.read(), TIMEOUT_S)
    assert answer is not grpc.aio.EOF
    return bool(answer.result)


async def test_a_stream_hears_the_present_state_and_then_transitions_only() -> None:
    async with served() as under_test:
        world = under_test.world
        stream = under_test.stub.StreamIsActive(reference())
        assert await told(stream) is True
        for pair in (Pair(4, 13), Pair(5, 14), Pair(0, 0)):  # a repeated True would be read where False is due
            world.publish(world.entry(pair))
            await asyncio.sleep(0)
        assert await told(stream) is False
        world.publish(world.entry(Pair(0, 0)))
        world.publish(world.entry(Pair(4, 12)))
        assert await told(stream) is True


async def test_a_stream_to_a_service_without_a_decision_waits_instead_of_failing() -> None:
    world = World()
    async with served(world) as under_test:
        stream = under_test.stub.StreamIsActive(reference())
        first = asyncio.ensure_future(stream.read())
        await eventually(lambda: under_test.samples("heteroscale_open_streams") == {(): 1.0})
        world.publish(world.entry(None, waiting_for="counts"))
        world.publish(world.entry(Pair(4, 12), advisory=True))
        assert not first.done()
        world.publish(world.entry(Pair(4, 12)))
        assert (await asyncio.wait_for(first, TIMEOUT_S)).result is True


async def test_a_stale_decision_is_not_a_transition() -> None:
    async with served() as under_test:
        world = under_test.world
        stream = under_test.stub.StreamIsActive(reference())
        assert await told(stream) is True
        stale = world.entry(Pair(4, 12))
        world.clock.now_s += 4 * INTERVAL_S
        world.publish(stale)
        world.publish(world.entry(Pair(0, 0)))
        assert await told(stream) is False


@pytest.mark.parametrize("key", [ServiceKey("llm", "nobody"), ServiceKey("other", "chat-70b")])
async def test_a_stream_to_an_unknown_service_is_refused(key: ServiceKey) -> None:
    async with served() as under_test:
        assert (await refused(under_test.stub.StreamIsActive(reference(key)).read()))[0] is grpc.StatusCode.NOT_FOUND


async def test_a_drain_ends_streams_with_ok() -> None:
    async with served() as under_test:
        stream = under_test.stub.StreamIsActive(reference())
        assert await told(stream) is True
        draining = asyncio.create_task(under_test.server.drain(5.0))
        assert await asyncio.wait_for(stream.read(), TIMEOUT_S) is grpc.aio.EOF
        assert await stream.code() is grpc.StatusCode.OK
        await asyncio.wait_for(draining, TIMEOUT_S)


async def test_a_stream_ends_with_ok_before_its_connection_is_cut() -> None:
    settings = KedaServerSettings(listen="127.0.0.1:0", connection_age_s=0.2, stream_lifetime_s=0.6)
    async with served(settings=settings) as under_test:
        stream = under_test.stub.StreamIsActive(reference())
        assert await told(stream) is True
        assert await asyncio.wait_for(stream.read(), TIMEOUT_S) is grpc.aio.EOF
        assert await stream.code() is grpc.StatusCode.OK
        assert await told(under_test.stub.StreamIsActive(reference())) is True  # on a new connection


async def test_two_thousand_streams_on_one_connection_leave_the_server_unharmed() -> None:
    async with served() as under_test:
        streams = [under_test.stub.StreamIsActive(reference()) for _ in range(STREAMS_MAX)]
        assert all(await asyncio.gather(*(told(stream) for stream in streams)))
        code, details = await refused(under_test.stub.StreamIsActive(reference()).read())
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "too many open streams" in details
        assert (await under_test.stub.IsActive(reference(), timeout=TIMEOUT_S)).result  # a poll on the same connection
        for stream in streams:
            stream.cancel()
        await eventually(lambda: under_test.samples("heteroscale_open_streams") == {(): 0.0})
        assert await told(under_test.stub.StreamIsActive(reference())) is True
