"""Whether this process should be asked at all: the same answer for the kubelet's gRPC probe and for /readyz.

Ready means certificates loaded and a first tick finished. Stale decisions do not make a process unready: its callers
get UNAVAILABLE with the reason, which an endpoint that has been taken away could not tell them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]


def why_not_ready(*, draining: bool, certificate_problem: str, first_tick_done: bool) -> str:
    """Return the reason in words, or nothing if the process is ready."""
    if draining:
        return "shutting down"
    if certificate_problem:
        return f"certificates not loaded: {certificate_problem}"
    if not first_tick_done:
        return "the first tick has not finished"
    return ""


class HealthServicer(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """grpc.health.v1, computed when asked, so that it cannot disagree with /readyz. Watch is left UNIMPLEMENTED."""

    def __init__(self, services: frozenset[str], why_not: Callable[[], str]) -> None:
        self._services = services | {""}  # the empty name means the whole server
        self._why_not = why_not

    async def Check(self, request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:  # noqa: N802 - gRPC's name
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"service: one of {sorted(self._services)}")
        answer = health_pb2.HealthCheckResponse
        return answer(status=answer.NOT_SERVING if self._why_not() else answer.SERVING)

    async def Watch(self, request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:  # noqa: ARG002, N802
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "use Check")
