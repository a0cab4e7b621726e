"""The gRPC server that KEDA talks to: its limits, its certificates, its health, and how it stops.

It must never know what an answer means. Every limit here bounds what one caller can cost.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from scaler.edge.board import Board
from scaler.edge.health import HealthServicer, why_not_ready
from scaler.edge.interceptors import CountingInterceptor, ErrorInterceptor, RpcObserver
from scaler.edge.keda import KedaServicer
from scaler.edge.keda_streams import STREAMS_MAX, ActivityStreams
from scaler.edge.tls import Certificates
from scaler.wire import externalscaler_pb2 as wire
from scaler.wire import externalscaler_pb2_grpc as wire_grpc

log = logging.getLogger(__name__)

SERVICE_NAME = wire.DESCRIPTOR.services_by_name["ExternalScaler"].full_name
CONCURRENT_RPCS_MAX = 2 * STREAMS_MAX
"""All streams open and as many calls at once: streams alone must never fill a connection, or KEDA's polls, which share
it, would wait for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KedaServerSettings:
    """listen: `host:port`, port 0 for any free one.

    connection_age_s: then clients reconnect, resolve the name again and find new replicas. stream_lifetime_s: streams
    end cleanly within this; connections are cut a minute later. certificates_every_s: how often files are looked at.
    """

    listen: str = "127.0.0.1:6000"
    connection_age_s: float = 600.0
    stream_lifetime_s: float = 1800.0
    certificates_every_s: float = 10.0

    def options(self) -> list[tuple[str, Any]]:
        grace_s = self.stream_lifetime_s + 60.0
        return [
            ("grpc.so_reuseport", 0),  # a second process on the port is a mistake, not a load balancer
            ("grpc.max_receive_message_length", 65_536),
            ("grpc.max_metadata_size", 16_384),
            ("grpc.absolute_max_metadata_size", 16_384),
            ("grpc.max_concurrent_streams", CONCURRENT_RPCS_MAX),
            ("grpc.server_handshake_timeout_ms", 10_000),
            # KEDA never pings: a client that vanished without a word is found by us or by nobody.
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.max_connection_age_ms", int(self.connection_age_s * 1000)),
            ("grpc.max_connection_age_grace_ms", int(grace_s * 1000)),
        ]


class ServerObserver(RpcObserver, Protocol):
    """Who counts calls, and asks for the open streams when it wants to know."""

    def watch_streams(self, open_count: Callable[[], int]) -> None: ...


class CannotListen(Exception):  # noqa: N818 - it names what happened
    """The caller's fault: the address is taken, or is none."""


class KedaServer:
    """Starts, answers, drains. Without usable certificates it waits for them and is not ready."""

    def __init__(
        self,
        board: Board,
        settings: KedaServerSettings,
        observer: ServerObserver,
        certificates: Certificates | None = None,
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._board = board
        self._settings = settings
        self._observer = observer
        self._certificates = certificates
        self._now_s = now_s
        self._streams = ActivityStreams(board, lifetime_s=settings.stream_lifetime_s, spread=random.random)
        observer.watch_streams(lambda: self._streams.open_count)
        self._server: grpc.aio.Server | None = None
        self._watching: asyncio.Task[None] | None = None
        self._draining = False
        self.bound_address = ""

    @property
    def certificates_loaded(self) -> bool:
        return self._certificates is None or self._certificates.loaded

    def why_not_ready(self) -> str:
        """Why nobody should be sent here, in words; empty if ready."""
        problem = "" if self._certificates is None or self._certificates.loaded else self._certificates.problem
        return why_not_ready(
            draining=self._draining, certificate_problem=problem, first_tick_done=self._board.first_tick_done
        )

    async def start(self) -> str:
        """Return the bound `host:port`; empty while the certificates are missing: then it is bound once they are there.

        Raises CannotListen if the address cannot be bound.
        """
        if self._certificates is not None:
            await asyncio.to_thread(self._certificates.refresh)
            self._watching = asyncio.create_task(self._watch(self._certificates))
        if self.certificates_loaded:
            await self._bind()
        return self.bound_address

    async def drain(self, grace_s: float = 10.0) -> None:
        """End the streams cleanly, take no new calls, and give those under way `grace_s` seconds."""
        self._draining = True
        self._streams.end_all()
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        if self._server is not None:
            await self._server.stop(grace_s)

    async def _watch(self, certificates: Certificates) -> None:
        while True:
            await asyncio.sleep(self._settings.certificates_every_s)
            await asyncio.to_thread(certificates.refresh)
            if self._server is None and certificates.loaded:
                try:
                    await self._bind()
                except CannotListen as trouble:
                    log.error("%s; trying again", trouble)  # noqa: TRY400 - the message says all

    async def _bind(self) -> None:
        server = grpc.aio.server(
            interceptors=[
                CountingInterceptor(self._observer, self._now_s),
                ErrorInterceptor(lambda: secrets.token_hex(4)),
            ],
            options=self._settings.options(),
            maximum_concurrent_rpcs=CONCURRENT_RPCS_MAX,
        )
        wire_grpc.add_ExternalScalerServicer_to_server(KedaServicer(self._board, self._streams), server)
        health = HealthServicer(frozenset({SERVICE_NAME}), self.why_not_ready)
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        names = (SERVICE_NAME, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        port = self._add_port(server)
        await server.start()
        self._server = server
        self.bound_address = f"{self._settings.listen.rpartition(':')[0]}:{port}"
        log.info("answering KEDA on %s", self.bound_address)

    def _add_port(self, server: grpc.aio.Server) -> int:
        listen = self._settings.listen
        try:
            if self._certificates is None:
                return server.add_insecure_port(listen)
            return server.add_secure_port(listen, self._certificates.server_credentials())
        except RuntimeError as trouble:  # all that gRPC says of an address it cannot use
            raise CannotListen(f"cannot listen on {listen}: taken by another process, or not an address") from trouble
