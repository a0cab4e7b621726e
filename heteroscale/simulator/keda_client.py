"""What KEDA 2.21 does to an external scaler, over a real socket: which calls, in which order, made into what.

A failing call is repeated once, at once, and then gives up. Names in answers are ignored, values are summed by the
HPA, a float that is not above 0 falls back to the integer. There is no deadline in KEDA's polls; here there is one, so
that a hanging server ends the run and not the day.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc
import grpc.aio

from disaggregated_service.core.pair import Role, ServiceKey
from heteroscale.simulator.hpa import quantity_milli
from scaler.wire import externalscaler_pb2 as pb
from scaler.wire.externalscaler_pb2_grpc import ExternalScalerStub

DEADLINE_S = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the HPA gets to see: the values and the target in milli, and whether the scaler is active."""

    values_milli: tuple[int, ...]
    target_milli: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The metric could not be had; replica counts stay as they are."""

    call: str
    code: str
    detail: str


Answer = Measured | Failed


class KedaClient:
    """One ScaledObject's external trigger: one role of one service."""

    def __init__(self, channel: grpc.aio.Channel, address: str, service: ServiceKey, role: Role) -> None:
        self._stub = ExternalScalerStub(channel)
        self._reference = pb.ScaledObjectRef(
            name=f"{service.name}-{role}",
            namespace=service.namespace,
            scalerMetadata={"scalerAddress": address, "service": service.name, "role": role.value},
        )

    async def query(self) -> Answer:
        """GetMetricSpec, GetMetrics, IsActive: one poll of the scale loop, and one query of the HPA, alike."""
        call = "GetMetricSpec"
        try:
            spec = (await _twice(self._specs))[0]
            call = "GetMetrics"
            values = await _twice(lambda: self._values(spec.metricName))
            call = "IsActive"
            active = await _twice(self._is_active)
        except grpc.aio.AioRpcError as error:
            return Failed(call=call, code=error.code().name, detail=error.details() or "")
        except EmptyAnswerError as error:
            return Failed(call=call, code="EMPTY", detail=str(error))
        target = spec.targetSizeFloat if spec.targetSizeFloat > 0 else float(spec.targetSize)
        return Measured(values_milli=values, target_milli=quantity_milli(target), active=active)

    async def _specs(self) -> tuple[pb.MetricSpec, ...]:
        answer = await self._stub.GetMetricSpec(self._reference, timeout=DEADLINE_S)
        if not answer.metricSpecs:
            raise EmptyAnswerError("no metric spec, which KEDA takes for an error")
        return tuple(answer.metricSpecs)

    async def _values(self, metric_name: str) -> tuple[int, ...]:
        request = pb.GetMetricsRequest(scaledObjectRef=self._reference, metricName=metric_name)
        answer = await self._stub.GetMetrics(request, timeout=DEADLINE_S)
        if not answer.metricValues:
            raise EmptyAnswerError("no matching metrics found")
        return tuple(quantity_milli(_value(value)) for value in answer.metricValues)

    async def _is_active(self) -> bool:
        return (await self._stub.IsActive(self._reference, timeout=DEADLINE_S)).result


class EmptyAnswerError(Exception):
    """An answer without content, where KEDA needs one."""


async def _twice(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a failing call once, without a pause, as KEDA does after rebuilding its scaler."""
    try:
        return await call()
    except (grpc.aio.AioRpcError, EmptyAnswerError):
        return await call()


def _value(value: pb.MetricValue) -> float:
    """NaN is not above 0 either, so it falls back to the integer too."""
    return value.metricValueFloat if value.metricValueFloat > 0 else float(value.metricValue)
