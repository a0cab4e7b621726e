"""A client of the server under test: what KEDA sends, and the server it is sent to, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from disaggregated_service.core.pair import Pair, ServiceKey
from scaler.edge.keda_server import KedaServer, KedaServerSettings
from scaler.edge.telemetry import Telemetry
from scaler.edge.tls import Certificates
from scaler.wire import externalscaler_pb2 as wire
from scaler.wire import externalscaler_pb2_grpc as wire_grpc
from tests.scaler.edge.board_world import CHAT, World

TIMEOUT_S = 10.0


@dataclass
class Served:
    """A world, its server and a client of it."""

    world: World
    telemetry: Telemetry
    server: KedaServer
    address: str
    stub: Any = None
    channel: Any = None

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """The samples of one metric, by their label values."""
        return {
            tuple(sample.labels.values()): sample.value
            for family in self.telemetry.registry.collect()
            for sample in family.samples
            if sample.name == name
        }


@asynccontextmanager
async def served(
    world: World | None = None,
    settings: KedaServerSettings | None = None,
    certificates: Certificates | None = None,
) -> AsyncIterator[Served]:
    """A server over a world in which llm/chat-70b wants 4P 12D, unless another is given."""
    if world is None:
        world = World()
        world.publish(world.entry(Pair(4, 12)))
    telemetry = Telemetry(world.board, version="test")
    server = KedaServer(world.board, settings or KedaServerSettings(listen="127.0.0.1:0"), telemetry, certificates)
    address = await server.start()
    async with grpc.aio.insecure_channel(
        address or "127.0.0.1:9", options=[("grpc.max_metadata_size", 32_000_000)]
    ) as channel:
        try:
            yield Served(world, telemetry, server, address, wire_grpc.ExternalScalerStub(channel), channel)
        finally:
            await server.drain(0.5)


def reference(key: ServiceKey = CHAT, role: str = "decode", **metadata: str) -> wire.ScaledObjectRef:
    given = {"scalerAddress": "heteroscale:6000", "service": key.name, "role": role} | metadata
    return wire.ScaledObjectRef(
        name=f"{key.name}-{role}",
        namespace=key.namespace,
        scalerMetadata={name: value for name, value in given.items() if value},
    )


def metrics_request(asked: wire.ScaledObjectRef, name: str = "desired-replicas") -> wire.GetMetricsRequest:
    return wire.GetMetricsRequest(scaledObjectRef=asked, metricName=name)


async def refused(call: Awaitable[Any]) -> tuple[grpc.StatusCode, str]:
    """The status with which a call must fail."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    raise AssertionError(f"answered: {answer}")


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what travels through a real socket, or through a thread of gRPC's, and cannot be awaited here."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
