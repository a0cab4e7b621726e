"""Against a real gRPC server that misbehaves as told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest

from disaggregated_service.core.pair import Role, ServiceKey
from heteroscale.simulator.keda_client import Answer, Failed, KedaClient, Measured
from scaler.wire import externalscaler_pb2 as pb
from scaler.wire import externalscaler_pb2_grpc as wire_grpc

DIRECT = (("grpc.enable_http_proxy", 0),)
KEY = ServiceKey("llm", "chat-70b")


@dataclass
class Scaler(wire_grpc.ExternalScalerServicer):
    """Answers as its fields say, and remembers who asked for what; `refuse` counts down per call."""

    specs: list[pb.MetricSpec] = field(
        default_factory=lambda: [pb.MetricSpec(metricName="desired-replicas", targetSize=1, targetSizeFloat=1)]
    )
    values: list[pb.MetricValue] = field(
        default_factory=lambda: [pb.MetricValue(metricName="desired-replicas", metricValue=7, metricValueFloat=7)]
    )
    refuse: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    references: list[pb.ScaledObjectRef] = field(default_factory=list)

    async def GetMetricSpec(self, request, context):
        await self._noted("GetMetricSpec", request, context)
        return pb.GetMetricSpecResponse(metricSpecs=self.specs)

    async def GetMetrics(self, request, context):
        await self._noted("GetMetrics", request.scaledObjectRef, context)
        return pb.GetMetricsResponse(metricValues=self.values)

    async def IsActive(self, request, context):
        await self._noted("IsActive", request, context)
        return pb.IsActiveResponse(result=True)

    async def _noted(self, call, reference, context):
        self.asked.append(call)
        self.references.append(reference)
        if self.refuse.get(call, 0) > 0:
            self.refuse[call] -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not now")


@pytest.fixture
def scaler() -> Scaler:
    return Scaler()


@pytest.fixture
async def client(scaler: Scaler) -> AsyncIterator[KedaClient]:
    server = grpc.aio.server()
    wire_grpc.add_ExternalScalerServicer_to_server(scaler, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    async with grpc.aio.insecure_channel(address, options=DIRECT) as channel:
        yield KedaClient(channel, address, KEY, Role.DECODE)
    await server.stop(None)


async def test_it_asks_in_kedas_order_about_its_own_role(scaler: Scaler, client: KedaClient):
    assert await client.query() == Measured(values_milli=(7000,), target_milli=1000, active=True)
    assert scaler.asked == ["GetMetricSpec", "GetMetrics", "IsActive"]
    assert {
        (ref.namespace, ref.scalerMetadata["service"], ref.scalerMetadata["role"]) for ref in scaler.references
    } == {("llm", "chat-70b", "decode")}


@pytest.mark.parametrize("call", ["GetMetricSpec", "GetMetrics", "IsActive"])
async def test_one_failure_is_repeated_at_once(scaler: Scaler, client: KedaClient, call: str):
    scaler.refuse = {call: 1}
    assert isinstance(await client.query(), Measured)
    assert scaler.asked.count(call) == 2


@pytest.mark.parametrize("call", ["GetMetricSpec", "GetMetrics", "IsActive"])
async def test_a_second_failure_throws_the_answer_away(scaler: Scaler, client: KedaClient, call: str):
    scaler.refuse = {call: 2}
    assert await client.query() == Failed(call=call, code="UNAVAILABLE", detail="not now")


async def test_an_empty_list_of_specs_or_values_is_a_failure(scaler: Scaler, client: KedaClient):
    scaler.values = []
    assert isinstance(await client.query(), Failed)
    scaler.specs = []
    assert isinstance(await client.query(), Failed)


@pytest.mark.parametrize(
    ("whole", "real", "milli"),
    [(3, 2.5, 2500), (3, 0.0, 3000), (3, float("nan"), 3000), (3, float("inf"), 0), (0, 0.0, 0)],
)
async def test_a_float_that_is_not_above_zero_falls_back_to_the_integer(
    scaler: Scaler, client: KedaClient, whole: int, real: float, milli: int
):
    scaler.values = [pb.MetricValue(metricName="anything", metricValue=whole, metricValueFloat=real)]
    assert values(await client.query()) == (milli,)


async def test_every_value_of_an_answer_counts_whatever_its_name(scaler: Scaler, client: KedaClient):
    scaler.values = [pb.MetricValue(metricName="other", metricValue=n, metricValueFloat=n) for n in (2, 3)]
    assert values(await client.query()) == (2000, 3000)


async def test_nobody_listening_is_a_failure_and_no_number():
    async with grpc.aio.insecure_channel("127.0.0.1:1", options=DIRECT) as channel:
        answer = await KedaClient(channel, "127.0.0.1:1", KEY, Role.PREFILL).query()
    assert isinstance(answer, Failed)
    assert answer.code == "UNAVAILABLE"


def values(answer: Answer) -> tuple[int, ...]:
    assert isinstance(answer, Measured)
    return answer.values_milli
