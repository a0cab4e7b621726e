"""HTTPS for the API server: `POST /mutate/v1/pods`, with every size, time and number bounded.

What cannot be read in time is refused, and the API server's failurePolicy (Ignore) lets the pod in. It must never know
what a review says.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from placement_webhook.edge.connections import CONNECTIONS_MAX, HEADERS_WITHIN_S, LOOK_EVERY_S, Connections
from placement_webhook.edge.deadline import time_to_answer_s
from placement_webhook.edge.probes import add_probes
from placement_webhook.edge.reviewer import Answer
from placement_webhook.edge.telemetry import Telemetry

log = logging.getLogger(__name__)

MUTATE_PATH = "/mutate/v1/pods"
BODY_BYTES_MAX = 3 * 1024 * 1024  # what the API server itself accepts of its clients
REVIEWS_MAX = 128  # bodies being read at a time: 384 MiB at the very worst
KEEP_ALIVE_S = 120.0  # Go drops idle connections after 90 s; closing first would race with its next request
HANDSHAKE_WITHIN_S = 5.0
SHUTDOWN_WITHIN_S = 2.0

Respond = Callable[[bytes, float, float], Answer]
"""Body, arrival and deadline (both monotonic) to an answer; must neither block nor raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """All that is bounded; tests make them small."""

    reviews_max: int = REVIEWS_MAX
    connections_max: int = CONNECTIONS_MAX
    headers_within_s: float = HEADERS_WITHIN_S
    look_every_s: float = LOOK_EVERY_S
    handshake_within_s: float = HANDSHAKE_WITHIN_S


LIMITS = ServerLimits()


class WebhookServer:
    """Starts on `host:port` (port 0: any free one) and drains. context: renewed by whoever holds the certificates."""

    def __init__(
        self,
        respond: Respond,
        telemetry: Telemetry,
        *,
        listen: str,
        context: ssl.SSLContext,
        why_not_ready: Callable[[], str],
        limits: ServerLimits = LIMITS,
    ) -> None:
        self._host, _, self._port = listen.rpartition(":")
        self._context = context
        self._limits = limits
        self._respond = respond
        self._telemetry = telemetry
        self._reading = 0
        self._draining = False
        self._listening: asyncio.Server | None = None
        self._looking: asyncio.Task[None] | None = None
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[self._watched])
        app.router.add_post(MUTATE_PATH, self._mutate)
        add_probes(app, lambda: "draining" if self._draining else why_not_ready())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=1.0,
            max_line_size=4096,
            max_field_size=8190,
            shutdown_timeout=SHUTDOWN_WITHIN_S,
        )

    @property
    def reviews_being_read(self) -> int:
        return self._reading

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    async def start(self) -> str:
        """Return the bound `host:port`. Raises OSError where the address cannot be bound."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        limits = self._limits
        self._connections = Connections(loop.time, self._telemetry.refused, connections_max=limits.connections_max)
        assert self._runner.server is not None  # noqa: S101 - set by setup()
        self._listening = await loop.create_server(
            self._connections.bounded(self._runner.server),
            self._host.strip("[]") or None,
            int(self._port),
            ssl=self._context,
            backlog=1024,
            ssl_handshake_timeout=limits.handshake_within_s,
            ssl_shutdown_timeout=SHUTDOWN_WITHIN_S,
        )
        self._looking = asyncio.create_task(self._cut_slow())
        return f"{self._host}:{self._listening.sockets[0].getsockname()[1]}"

    async def drain(self, linger_s: float = 0.0) -> None:
        """Say so to probes and on every answer for `linger_s`, accept nobody new, finish, then close."""
        self._draining = True
        await asyncio.sleep(linger_s)
        if self._listening is not None:
            self._listening.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._runner.cleanup()

    @web.middleware
    async def _watched(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """From its headers on, a request's time is its handler's business."""
        transport = request.transport
        self._connections.request_begins(transport)
        try:
            return await handler(request)
        finally:
            self._connections.request_ended(transport)

    async def _mutate(self, request: web.Request) -> web.Response:
        arrived_s = self._clock()
        if self._reading >= self._limits.reviews_max:
            return self._refuse("too_many_reviews", 503)
        if (request.content_length or 0) > BODY_BYTES_MAX:
            return self._refuse("body_too_large", 413)
        answer_by_s = arrived_s + time_to_answer_s(request.query.get("timeout", ""))
        self._reading += 1
        try:
            async with asyncio.timeout_at(answer_by_s):
                body = await request.read()
        except TimeoutError:
            return self._refuse("slow_body", 408)
        except web.HTTPRequestEntityTooLarge:
            return self._refuse("body_too_large", 413)
        finally:
            self._reading -= 1
        return self._response(self._respond(body, arrived_s, answer_by_s))

    def _response(self, answer: Answer) -> web.Response:
        kind = "application/json" if answer.status == 200 else "text/plain"
        response = web.Response(body=answer.body, status=answer.status, content_type=kind)
        if self._draining:
            response.force_close()
        return response

    def _refuse(self, why: str, status: int) -> web.Response:
        """What has not been read is not waited for: the connection ends with the answer."""
        self._telemetry.refused(why)
        response = web.Response(text=f"{why}\n", status=status)
        response.force_close()
        return response

    async def _cut_slow(self) -> None:
        while True:
            await asyncio.sleep(self._limits.look_every_s)
            self._connections.cut_slow(self._limits.headers_within_s)
