"""A fake `/metrics` server on loopback: one path a replica, each told what to say or how to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Exporter:
    """`async with Exporter() as exporter`; `exporter.url("a")` is where replica `a` answers."""

    def __init__(self) -> None:
        self._behaviours: dict[str, Behaviour] = {}
        self._release = asyncio.Event()
        self.port = 0
        self.requests: list[web.Request] = []
        self.bytes_sent = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{replica}/metrics", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        await self._runner.cleanup()

    def url(self, replica: str) -> str:
        return f"http://127.0.0.1:{self.port}/{replica}/metrics"

    def says(self, replica: str, text: str, *, status: int = 200) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(text=text, status=status, content_type="text/plain")

        self._behaviours[replica] = answer

    def computes(self, replica: str, text: Callable[[], str]) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(text=text(), content_type="text/plain")

        self._behaviours[replica] = answer

    def hangs(self, replica: str) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            await self._release.wait()
            return web.Response()

        self._behaviours[replica] = answer

    def dies(self, replica: str) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        self._behaviours[replica] = answer

    def breaks_off(self, replica: str, text: str) -> None:
        """Promises more than it sends."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": str(len(text) + 1000)})
            await response.prepare(request)
            await response.write(text.encode())
            assert request.transport is not None
            request.transport.close()
            return response

        self._behaviours[replica] = answer

    def floods(self, replica: str, total_bytes: int) -> None:
        self._behaviours[replica] = self.flood(total_bytes, b"# a comment that never ends\n" * 4096)

    def redirects(self, replica: str, to: str) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(to)

        self._behaviours[replica] = answer

    def flood(self, total_bytes: int, piece: bytes) -> Behaviour:
        """Sends `piece` over and over, made as it is sent."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            sent = 0
            try:
                while sent < total_bytes:
                    await response.write(piece)
                    sent += len(piece)
                    self.bytes_sent += len(piece)
            except ConnectionError:
                pass
            return response

        return answer

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        behaviour = self._behaviours.get(request.match_info["replica"])
        if behaviour is None:
            raise web.HTTPNotFound
        return await behaviour(request)
