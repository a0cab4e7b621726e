"""What people and Prometheus read over HTTP: probes, metrics, JSON and the status page.

Everything is a GET answered from the board. It must never accept a body, change anything or wait for anything.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus
from typing import NoReturn

from aiohttp import web

from disaggregated_service.core.pair import ServiceKey
from scaler.edge.api import BadQuery, decisions_document, read_limit, service_document, services_document
from scaler.edge.board import Board
from scaler.edge.page import render_page
from scaler.edge.page_style import STYLE
from scaler.edge.telemetry import Telemetry

log = logging.getLogger(__name__)
callers = logging.getLogger(f"{__name__}.callers")
callers.setLevel(logging.CRITICAL)

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Server": "heteroscale",
}
PER_SERVICE = "/api/v1/services/{namespace}/{name}"


class HttpServer:
    """Starts on `host:port` (port 0: any free one) and drains."""

    def __init__(
        self,
        board: Board,
        telemetry: Telemetry,
        *,
        listen: str,
        why_not_ready: Callable[[], str],
        unix_s: Callable[[], float],
    ) -> None:
        self._host, _, self._port = listen.rpartition(":")
        handlers = _Handlers(board, telemetry, why_not_ready, unix_s)
        # Header lines are bounded by aiohttp; no route takes a body, and one that is sent anyway is not waited for.
        self._runner = web.AppRunner(
            handlers.app(),
            access_log=None,
            logger=callers,  # or whoever speaks garbage to the port writes a traceback a line
            max_line_size=4096,
            max_field_size=4096,
            lingering_time=1.0,
            shutdown_timeout=2.0,
        )

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


class _Handlers:
    def __init__(
        self, board: Board, telemetry: Telemetry, why_not_ready: Callable[[], str], unix_s: Callable[[], float]
    ) -> None:
        self._board = board
        self._telemetry = telemetry
        self._why_not_ready = why_not_ready
        self._unix_s = unix_s
        self._one_scrape = asyncio.Lock()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_guarded], client_max_size=1024)
        app.on_response_prepare.append(_with_headers)
        routes: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {
            "/": self.page,
            "/healthz": self.healthz,
            "/readyz": self.readyz,
            "/metrics": self.metrics,
            "/api/v1/services": self.services,
            PER_SERVICE: self.service,
            f"{PER_SERVICE}/decisions": self.decisions,
        }
        for path, handler in routes.items():
            app.router.add_get(path, handler)
        return app

    async def healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(self, _: web.Request) -> web.Response:
        why_not = self._why_not_ready()
        return web.Response(text=f"{why_not or 'ready'}\n", status=503 if why_not else 200)

    async def metrics(self, request: web.Request) -> web.Response:
        async with self._one_scrape:  # in a thread, one at a time: a thousand services must not hold up KEDA
            accept = request.headers.get("Accept", "")
            body, content_type = await asyncio.to_thread(self._telemetry.exposition, accept)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def page(self, _: web.Request) -> web.Response:
        html = render_page(self._board, self._unix_s(), self._why_not_ready())
        return web.Response(text=html, content_type="text/html")

    async def services(self, _: web.Request) -> web.Response:
        return web.json_response(services_document(self._board))

    async def service(self, request: web.Request) -> web.Response:
        key = self._key(request)
        document = service_document(self._board, key)
        return web.json_response(document) if document is not None else _no_service(key)

    async def decisions(self, request: web.Request) -> web.Response:
        limit = read_limit(request.query.getall("limit", []))
        if isinstance(limit, BadQuery):
            raise web.HTTPBadRequest(text=limit.wrong)
        key = self._key(request)
        document = decisions_document(self._board, key, limit)
        return web.json_response(document) if document is not None else _no_service(key)

    def _key(self, request: web.Request) -> ServiceKey:
        return ServiceKey(request.match_info["namespace"], request.match_info["name"])


def _no_service(key: ServiceKey) -> NoReturn:
    raise web.HTTPNotFound(text=f"no service {str(key)[:160]!r}; /api/v1/services lists them")


@web.middleware
async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every trouble is JSON with one `error`; ours carries an incident number instead of a traceback."""
    try:
        return await handler(request)
    except web.HTTPException as refused:
        words = refused.text if refused.text and not refused.text.startswith(f"{refused.status}:") else refused.reason
        headers = {"Allow": refused.headers["Allow"]} if "Allow" in refused.headers else {}
        return web.json_response({"error": words}, status=refused.status, headers=headers)
    except Exception:
        incident = secrets.token_hex(4)
        log.exception("incident %s in %s", incident, request.rel_url.path)
        words = f"internal error, incident {incident}: the scaler's log has the details"
        return web.json_response({"error": words}, status=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _with_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
