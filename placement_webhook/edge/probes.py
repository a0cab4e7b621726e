"""What the kubelet and Prometheus read: probes, on both addresses, and metrics over plain HTTP.

It must never wait for anything but the metrics' own rendering.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from placement_webhook.edge.telemetry import Telemetry


def add_probes(app: web.Application, why_not_ready: Callable[[], str]) -> None:
    """`/healthz` answers while the event loop turns; `/readyz` with 503 and the reason until it is ready."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_: web.Request) -> web.Response:
        why_not = why_not_ready()
        return web.Response(text=f"{why_not or 'ready'}\n", status=503 if why_not else 200)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)


class ProbeServer:
    """Starts on `host:port` (port 0: any free one) and drains."""

    def __init__(self, telemetry: Telemetry, *, listen: str, why_not_ready: Callable[[], str]) -> None:
        self._host, _, self._port = listen.rpartition(":")
        self._telemetry = telemetry
        self._one_scrape = asyncio.Lock()
        app = web.Application(client_max_size=1024)
        add_probes(app, why_not_ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, lingering_time=1.0, shutdown_timeout=2.0)

    async def start(self) -> str:
        """Return the bound `host:port`. Raises OSError where the address cannot be bound."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host.strip("[]") or None, int(self._port))
        await site.start()
        port: int = self._runner.addresses[0][1]
        return f"{self._host}:{port}"

    async def drain(self) -> None:
        """Finish what is being answered, then close."""
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        async with self._one_scrape:  # in a thread, one at a time: a scrape must not hold up a review
            accept = request.headers.get("Accept", "")
            body, content_type = await asyncio.to_thread(self._telemetry.exposition, accept)
        return web.Response(body=body, headers={"Content-Type": content_type})
