"""One service of 2P 4D under a fault: the real sources, the ticker, the board, and KEDA's calls over a real socket.

The pool is as large as its load asks for, and may shrink within two minutes: whatever reads trouble as idleness
is caught doing it. The last test of each file shows that the same pool does shrink when it is idle.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.ticker.ticker import Ticker
from scaler.edge.board import Board
from scaler.edge.keda_server import KedaServer, KedaServerSettings
from scaler.edge.signal_source import Instant, Source
from scaler.edge.telemetry import Telemetry
from scaler.wire import externalscaler_pb2 as wire
from scaler.wire import externalscaler_pb2_grpc as wire_grpc
from tests.services import REMOVE, service

INTERVAL_S = 15.0
RUNNING = Pair(2, 4)
LONG_ENOUGH = 20  # ticks: cooldown, window and staleness are over long before


def small_service(**signals: object) -> DisaggregatedService:
    """Each decode replica should write 500 tokens/s; a shrink needs a minute of cooldown and calm."""
    return service(
        roles={"prefill": {"maxReplicas": 8}, "decode": {"minReplicas": 1, "maxReplicas": 16}},
        ratio={"prefill": 1, "decode": 2, "tolerance": 0.25},
        load={
            "decode": {"metric": "decodeTps", "targetPerReplica": 500, "capacityPerReplica": REMOVE},
            "cooldown": {"out": "15s", "in": "60s"},
        },
        damping={"in": 1.0},
        guards=[{"metric": "ttft", "percentile": 90, "target": "2500ms", "minSamples": 1}],
        signals=signals,
    )


class FaultWorld:
    """`tick` moves both clocks; `answers` is what KEDA is told."""

    def __init__(
        self, asked: DisaggregatedService, source: Source, before: Callable[[Instant], Awaitable[None]]
    ) -> None:
        self.service = asked
        self.now_s = 1_000.0
        self.unix_s = 1_795_597_200.0
        self._before = before
        self.board = Board(interval_s=INTERVAL_S, now_s=lambda: self.now_s)
        self.telemetry = Telemetry(self.board, version="test")
        self._ticker = Ticker(
            source=source,
            board=self.board,
            interval_s=INTERVAL_S,
            current={asked.key: RUNNING},
            observer=self.telemetry,
        )
        self._server = KedaServer(self.board, KedaServerSettings(listen="127.0.0.1:0"), self.telemetry)
        self._stub: Any = None
        self.published: list[Pair] = []

    async def tick(self, times: int = 1, *, step_s: float = INTERVAL_S) -> None:
        for _ in range(times):
            self.now_s += step_s
            self.unix_s += step_s
            instant = Instant(now_s=self.now_s, unix_s=self.unix_s)
            await self._before(instant)
            await self._ticker.tick([self.service], instant)
            entry = self.board.entry(self.service.key)
            self.telemetry.tick_finished(0.0, self.board.entries(), INTERVAL_S)
            if entry is not None and entry.decision is not None and self.board.is_fresh(entry):
                assert entry.decision.published is not None
                self.published.append(entry.decision.published)

    @property
    def decision(self) -> Decision:
        entry = self.board.entry(self.service.key)
        assert entry is not None
        assert entry.decision is not None, entry.waiting_for
        return entry.decision

    @property
    def reasons(self) -> set[str]:
        return {step.reason.value for step in self.decision.trail}

    def metric(self, name: str, **labels: str) -> float | None:
        return self.telemetry.registry.get_sample_value(
            f"heteroscale_{name}", {"namespace": "llm", "service": "chat-70b", **labels}
        )

    async def answers(self) -> Pair | grpc.StatusCode:
        """What both HPAs get: a pair, or the status with which they freeze."""
        counts: dict[Role, int] = {}
        for role in Role:
            asked = wire.ScaledObjectRef(
                name=f"chat-70b-{role}",
                namespace="llm",
                scalerMetadata={"scalerAddress": "h:1", "service": "chat-70b", "role": role.value},
            )
            try:
                answer = await self._stub.GetMetrics(
                    wire.GetMetricsRequest(scaledObjectRef=asked, metricName="desired-replicas"), timeout=5
                )
            except grpc.aio.AioRpcError as error:
                return error.code()
            (value,) = answer.metricValues
            assert value.metricValueFloat == value.metricValue > 0
            counts[role] = value.metricValue
        return Pair(counts[Role.PREFILL], counts[Role.DECODE])

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FaultWorld]:
        address = await self._server.start()
        async with grpc.aio.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            self._stub = wire_grpc.ExternalScalerStub(channel)
            try:
                yield self
            finally:
                await self._server.drain(0.5)
