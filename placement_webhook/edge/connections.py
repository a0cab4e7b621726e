"""Bounds on connections: how many there are, and how long one may take to say what it wants.

aiohttp bounds the sizes of what it reads and the idle time between requests, but waits for ever for the rest of a
request line. Each of its protocols is wrapped in one that knows since when bytes have been owed. It must never know
what a request means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

CONNECTIONS_MAX = 512  # an API server keeps some 25 idle connections to each backend
HEADERS_WITHIN_S = 10.0
LOOK_EVERY_S = 1.0


class Connections:
    """All open connections of one server. now_s: the monotonic clock. refused: is told why one was cut."""

    def __init__(
        self, now_s: Callable[[], float], refused: Callable[[str], None], *, connections_max: int = CONNECTIONS_MAX
    ) -> None:
        self._now_s = now_s
        self._refused = refused
        self._connections_max = connections_max
        self._open: dict[asyncio.BaseTransport, _Bounded] = {}

    def __len__(self) -> int:
        return len(self._open)

    def bounded(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """A protocol factory for `loop.create_server`."""
        return lambda: _Bounded(make(), self)

    def request_begins(self, transport: asyncio.BaseTransport | None) -> None:
        """A request's headers are there; from now on its handler watches the time."""
        if transport is not None and (connection := self._open.get(transport)) is not None:
            connection.busy, connection.owing_since_s = True, None

    def request_ended(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is not None and (connection := self._open.get(transport)) is not None:
            connection.busy = False

    def cut_slow(self, within_s: float = HEADERS_WITHIN_S) -> None:
        """Abort what has owed the rest of its headers for too long; called every now and then."""
        latest_s = self._now_s() - within_s
        slow = [one for one in self._open.items() if (since := one[1].owing_since_s) is not None and since <= latest_s]
        for transport, _ in slow:
            self._refused("slow_headers")
            _abort(transport)

    def opened(self, connection: _Bounded, transport: asyncio.BaseTransport) -> bool:
        """Whether it may stay."""
        if len(self._open) >= self._connections_max:
            self._refused("too_many_connections")
            _abort(transport)
            return False
        connection.owing_since_s = self._now_s()
        self._open[transport] = connection
        return True

    def heard(self, connection: _Bounded) -> None:
        """Bytes came; outside a request they are the beginning of one."""
        if not connection.busy and connection.owing_since_s is None:
            connection.owing_since_s = self._now_s()

    def closed(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is not None:
            self._open.pop(transport, None)


class _Bounded(asyncio.Protocol):
    def __init__(self, inner: asyncio.Protocol, connections: Connections) -> None:
        self._inner = inner
        self._connections = connections
        self._transport: asyncio.BaseTransport | None = None
        self.busy = False
        self.owing_since_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)
        self._transport = transport
        self._connections.opened(self, transport)

    def data_received(self, data: bytes) -> None:
        self._connections.heard(self)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.closed(self._transport)
        self._inner.connection_lost(exc)


def _abort(transport: asyncio.BaseTransport) -> None:
    cast("asyncio.Transport", transport).abort()
