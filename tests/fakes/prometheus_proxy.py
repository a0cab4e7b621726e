"""A server that stands before a Prometheus, or in its place, and fails in the ways that the outside world does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.fakes.exporter import Behaviour, Exporter


@dataclass(frozen=True, slots=True)
class Query:
    """One query as it arrived."""

    promql: str
    time: str
    headers: dict[str, str]


class PrometheusProxy:
    """Passes queries on to `upstream` until it is told to behave otherwise."""

    def __init__(self, upstream: str = "") -> None:
        self._upstream = upstream
        self._behaviour: Behaviour = self._pass_on
        self._release = asyncio.Event()
        self.queries: list[Query] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession()
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/api/v1/query", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        await self._client.close()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def stop_listening(self) -> None:
        """Refuses new connections and drops those that were kept open."""
        await self._site.stop()

        async def drop(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        self._behaviour = drop

    def recovers(self) -> None:
        self._behaviour = self._pass_on

    def answers(self, body: str, *, status: int = 200) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(text=body, status=status, content_type="application/json")

        self._behaviour = answer

    def answers_rows(self, rows: list[dict[str, Any]]) -> None:
        """The same vector to every query but the one for the server's time."""
        vector = json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}})
        scalar = json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1.7e9, "1.7e9"]}})

        async def answer(request: web.Request) -> web.StreamResponse:
            form = await request.post()
            text = scalar if form["query"] == "time()" else vector
            return web.Response(text=text, content_type="application/json")

        self._behaviour = answer

    def hangs(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            await self._release.wait()
            return web.Response()

        self._behaviour = answer

    def trickles(self) -> None:
        """Sends a byte now and then, for ever."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while not self._release.is_set():
                await response.write(b" ")
                await asyncio.sleep(0.05)
            return response

        self._behaviour = answer

    def floods(self, exporter: Exporter, total_bytes: int) -> None:
        self._behaviour = exporter.flood(total_bytes, b'{"metric":{"pod":"d0"},"value":[0,"1"]},' * 1024)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.queries.append(Query(str(form["query"]), str(form.get("time", "")), dict(request.headers)))
        return await self._behaviour(request)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        async with self._client.post(f"{self._upstream}/api/v1/query", data=form) as answer:
            body = await answer.read()
            return web.Response(body=body, status=answer.status, content_type="application/json")
