"""KEDA's external scaler: five calls, answered from the board.

How often KEDA asks, and when, carries no meaning: prefill and decode ask at different moments and get halves of the
same decision. It must never compute, wait for or query anything: KEDA's polling calls have no deadline, and a slow
answer holds a worker that all HPAs of the cluster share.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from scaler.edge.board import Board
from scaler.edge.keda_answer import Refusal, Refused, published_replicas
from scaler.edge.keda_reference import Malformed, Reference, echo, read_reference
from scaler.edge.keda_streams import ActivityStreams
from scaler.wire import externalscaler_pb2 as wire
from scaler.wire import externalscaler_pb2_grpc as wire_grpc

METRIC_NAME = "desired-replicas"

# Constant, because KEDA writes a changed name or target into the HPA only when the ScaledObject itself changes.
# With AverageValue and a target of 1 the HPA computes ceil(value / 1): the count itself, from any current size.
METRIC_SPEC = wire.GetMetricSpecResponse(
    metricSpecs=[wire.MetricSpec(metricName=METRIC_NAME, targetSize=1, targetSizeFloat=1.0)]
)

Context = grpc.aio.ServicerContext[Any, Any]


class KedaServicer(wire_grpc.ExternalScalerServicer):
    """The five calls. Refusals are gRPC statuses that name the field or the reason."""

    def __init__(self, board: Board, streams: ActivityStreams) -> None:
        self._board = board
        self._streams = streams

    async def GetMetricSpec(self, request: wire.ScaledObjectRef, context: Context) -> wire.GetMetricSpecResponse:
        """One constant spec, for services known or not: an error here would make KEDA's fallback not fire."""
        await _reference(request, context)
        return METRIC_SPEC

    async def GetMetrics(self, request: wire.GetMetricsRequest, context: Context) -> wire.GetMetricsResponse:
        """Exactly one value: KEDA ignores the names of several, and the HPA adds them up."""
        if request.metricName != METRIC_NAME:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, _foreign(request.metricName))
        replicas = await self._published(request.scaledObjectRef, context)
        # Both number fields: KEDA reads the integer where the float is 0, and older ones read the integer only.
        value = wire.MetricValue(metricName=METRIC_NAME, metricValue=replicas, metricValueFloat=replicas)
        return wire.GetMetricsResponse(metricValues=[value])

    async def IsActive(self, request: wire.ScaledObjectRef, context: Context) -> wire.IsActiveResponse:
        return wire.IsActiveResponse(result=await self._published(request, context) > 0)

    async def StreamIsActive(
        self, request: wire.ScaledObjectRef, context: Context
    ) -> AsyncIterator[wire.IsActiveResponse]:
        """The present state, then transitions. What is not known yet is waited for: an error would be a backoff."""
        reference = await _reference(request, context)
        answer = published_replicas(self._board, reference)
        if isinstance(answer, Refusal) and answer.why is not Refused.UNAVAILABLE:
            await context.abort(answer.why.value, answer.details)
        if self._streams.full:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many open streams; use trigger type external")
        with self._streams.opened(reference) as stream:
            async for active in stream:
                yield wire.IsActiveResponse(result=active)

    async def StreamMetricSpec(
        self,
        request: wire.ScaledObjectRef,  # noqa: ARG002 - the contract's signature
        context: Context,
    ) -> AsyncIterator[wire.GetMetricSpecResponse]:
        """Optional in KEDA, and useless for a spec that never changes."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "the metric spec is constant; use GetMetricSpec")
        yield METRIC_SPEC  # unreachable; makes this the iterator that the contract says it is

    async def _published(self, request: wire.ScaledObjectRef, context: Context) -> int:
        replicas = published_replicas(self._board, await _reference(request, context))
        if isinstance(replicas, Refusal):
            await context.abort(replicas.why.value, replicas.details)
        return replicas


async def _reference(request: wire.ScaledObjectRef, context: Context) -> Reference:
    reference = read_reference(request.namespace, request.scalerMetadata)
    if isinstance(reference, Malformed):
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, reference.wrong)
    return reference


def _foreign(name: str) -> str:
    wrong = f"{echo(name)} is not a metric of this scaler" if name else "missing"
    return f"metricName: {wrong}; ask for {METRIC_NAME!r}, as GetMetricSpec says"
