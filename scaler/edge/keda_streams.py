"""Every open StreamIsActive: what each was told last, and when it ends.

A stream hears its present state once it is known, then transitions only: each repeated `true` makes KEDA patch a status
and puts off its cooldown. It always ends cleanly, because only a clean end resets KEDA's reconnect backoff. It must
never know gRPC.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from scaler.edge.board import Board
from scaler.edge.keda_answer import Refusal, published_replicas
from scaler.edge.keda_reference import Reference

STREAMS_MAX = 2_000
"""Open streams a process, about 35 KB each. Rendered triggers poll, so a real installation opens none."""


class ActivityStreams:
    """Opens streams, wakes those whose state changed, ends them all.

    lifetime_s: a stream ends itself after this long times `spread()` (0..1 shortens it by up to a fifth), which is
    less than the grace that follows the connection's maximum age: the cut itself would be an error to KEDA.
    """

    def __init__(self, board: Board, *, lifetime_s: float, spread: Callable[[], float], streams_max: int = STREAMS_MAX):
        self._board = board
        self._lifetime_s = lifetime_s
        self._spread = spread
        self._streams_max = streams_max
        self._open: set[ActivityStream] = set()
        self._draining = False
        self._stop_listening = board.listen(self._published)

    @property
    def open_count(self) -> int:
        return len(self._open)

    @property
    def full(self) -> bool:
        return len(self._open) >= self._streams_max

    @contextmanager
    def opened(self, reference: Reference) -> Iterator[ActivityStream]:
        """A stream for as long as the block lasts."""
        stream = ActivityStream(self._board, reference)
        if self._draining:
            stream.end()
        lifetime_s = self._lifetime_s * (1 - 0.2 * self._spread())  # a thousand must not reconnect at one instant
        timer = asyncio.get_running_loop().call_later(lifetime_s, stream.end)
        self._open.add(stream)
        try:
            yield stream
        finally:
            timer.cancel()
            self._open.discard(stream)

    def end_all(self) -> None:
        """End every stream cleanly, and each one opened from now on."""
        self._draining = True
        self._stop_listening()
        for stream in tuple(self._open):
            stream.end()

    def _published(self) -> None:
        for stream in self._open:
            stream.look()


class ActivityStream:
    """One client's view of one role: an iterator over what it has to be told."""

    def __init__(self, board: Board, reference: Reference) -> None:
        self._board = board
        self._reference = reference
        self._told: bool | None = None
        self._ended = False
        self._wake = asyncio.Event()

    def look(self) -> None:
        """Wake the reader if there is something to tell."""
        if self._news() is not None:
            self._wake.set()

    def end(self) -> None:
        """Let the iteration finish."""
        self._ended = True
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[bool]:
        while not self._ended:
            news = self._news()
            if news is None:
                self._wake.clear()
                await self._wake.wait()
            else:
                self._told = news
                yield news

    def _news(self) -> bool | None:
        """The state, if it is known and not what was told last."""
        replicas = published_replicas(self._board, self._reference)
        if isinstance(replicas, Refusal) or (replicas > 0) is self._told:
            return None
        return replicas > 0
