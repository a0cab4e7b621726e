"""What a caller sees of our own mistakes: a status and an incident number, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from scaler.edge.interceptors import CountingInterceptor, ErrorInterceptor
from scaler.wire import externalscaler_pb2 as wire
from scaler.wire import externalscaler_pb2_grpc as wire_grpc
from tests.contract.keda_client import eventually, reference, refused


class Observed(list[tuple[str, str, float]]):
    def rpc_finished(self, method: str, code: str, duration_s: float) -> None:
        self.append((method, code, duration_s))


class Faulty(wire_grpc.ExternalScalerServicer):
    """Fails in every way a handler can."""

    async def IsActive(self, request: Any, context: Any) -> wire.IsActiveResponse:
        raise ZeroDivisionError("a secret of the inside")

    async def GetMetricSpec(self, request: Any, context: Any) -> wire.GetMetricSpecResponse:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as the handler said")
        raise AssertionError

    async def StreamIsActive(self, request: Any, context: Any) -> AsyncIterator[wire.IsActiveResponse]:
        yield wire.IsActiveResponse(result=True)
        raise ZeroDivisionError("a secret of the inside")


@asynccontextmanager
async def faulty() -> AsyncIterator[tuple[Any, Observed]]:
    observed = Observed()
    times_s = iter(range(100))
    interceptors = [CountingInterceptor(observed, lambda: next(times_s)), ErrorInterceptor(lambda: "0badcafe")]
    server = grpc.aio.server(interceptors=interceptors)
    wire_grpc.add_ExternalScalerServicer_to_server(Faulty(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield wire_grpc.ExternalScalerStub(channel), observed
    await server.stop(0)


async def test_a_surprise_becomes_internal_with_an_incident_that_the_log_knows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with faulty() as (stub, observed):
        with caplog.at_level(logging.ERROR):
            code, details = await refused(stub.IsActive(reference()))
        assert code is grpc.StatusCode.INTERNAL
        assert "incident 0badcafe" in details
        assert "secret" not in details
        assert "incident 0badcafe" in caplog.text
        assert "a secret of the inside" in caplog.text
        await eventually(lambda: observed == [("IsActive", "INTERNAL", 1)])


async def test_a_status_that_the_handler_chose_passes_through() -> None:
    async with faulty() as (stub, observed):
        code, details = await refused(stub.GetMetricSpec(reference()))
        assert (code, details) == (grpc.StatusCode.FAILED_PRECONDITION, "as the handler said")
        await eventually(lambda: observed == [("GetMetricSpec", "FAILED_PRECONDITION", 1)])


async def test_a_stream_that_breaks_says_so_after_what_it_sent() -> None:
    async with faulty() as (stub, observed):
        stream = stub.StreamIsActive(reference())
        assert (await stream.read()).result
        code, details = await refused(stream.read())
        assert code is grpc.StatusCode.INTERNAL
        assert "secret" not in details
        await eventually(lambda: observed == [("StreamIsActive", "INTERNAL", 1)])
