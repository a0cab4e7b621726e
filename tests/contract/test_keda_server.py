"""The server's limits, health, reflection and address, on real sockets."""

from __future__ import annotations

import asyncio
import socket

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

from disaggregated_service.core.pair import Pair
from scaler.edge.keda_server import SERVICE_NAME, CannotListen, KedaServer, KedaServerSettings
from scaler.edge.telemetry import Telemetry
from tests.contract.keda_client import TIMEOUT_S, metrics_request, reference, refused, served
from tests.scaler.edge.board_world import World


async def test_ten_megabytes_of_metadata_are_refused_and_harm_nobody() -> None:
    async with served() as under_test:
        huge = reference(note="x" * 10_000_000)
        for call in (under_test.stub.IsActive(huge), under_test.stub.GetMetrics(metrics_request(huge))):
            assert (await refused(call))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
        headers = (("x-note", "x" * 1_000_000),)
        code, _ = await refused(under_test.stub.IsActive(reference(), metadata=headers))
        assert code in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL}
        assert (await under_test.stub.IsActive(reference(), timeout=TIMEOUT_S, wait_for_ready=True)).result


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)) * 64, b"\x16\x03\x01\x02"])
async def test_garbage_on_the_port_harms_nobody(garbage: bytes) -> None:
    async with served() as under_test:
        host, _, port = under_test.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(garbage)
        assert (await under_test.stub.IsActive(reference(), timeout=TIMEOUT_S)).result
        writer.close()
        del reader


async def test_health_follows_readiness() -> None:
    world = World()
    async with served(world) as under_test:
        health = health_pb2_grpc.HealthStub(under_test.channel)

        async def status(name: str) -> str:
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT_S)
            return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))

        assert under_test.server.why_not_ready() == "the first tick has not finished"
        assert [await status(name) for name in ("", SERVICE_NAME)] == ["NOT_SERVING", "NOT_SERVING"]
        world.publish(world.entry(Pair(4, 12)))
        assert under_test.server.why_not_ready() == ""
        assert [await status(name) for name in ("", SERVICE_NAME)] == ["SERVING", "SERVING"]
        code, details = await refused(health.Check(health_pb2.HealthCheckRequest(service="other")))
        assert code is grpc.StatusCode.NOT_FOUND
        assert SERVICE_NAME in details
        code, _ = await refused(health.Watch(health_pb2.HealthCheckRequest()).read())
        assert code is grpc.StatusCode.UNIMPLEMENTED
        await under_test.server.drain(0)
        assert under_test.server.why_not_ready() == "shutting down"


async def test_reflection_lists_the_service() -> None:
    async with served() as under_test:
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        call = reflection_pb2_grpc.ServerReflectionStub(under_test.channel).ServerReflectionInfo(asked)
        answer = await asyncio.wait_for(call.read(), TIMEOUT_S)
        assert SERVICE_NAME in {found.name for found in answer.list_services_response.service}
        call.cancel()


async def test_an_address_that_is_taken_is_the_callers_mistake() -> None:
    world = World()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = KedaServer(world.board, KedaServerSettings(listen=address), Telemetry(world.board, version="test"))
        with pytest.raises(CannotListen, match=f"cannot listen on {address}"):
            await server.start()
        await server.drain(0)


async def test_a_second_process_cannot_share_the_port_unnoticed() -> None:
    async with served() as under_test:
        world = World()
        telemetry = Telemetry(world.board, version="test")
        server = KedaServer(world.board, KedaServerSettings(listen=under_test.address), telemetry)
        with pytest.raises(CannotListen):
            await server.start()
        await server.drain(0)
