"""Probes, metrics, JSON and the page over a real socket."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from disaggregated_service.core.decision_json import decision_from_json
from disaggregated_service.core.pair import Pair, ServiceKey
from scaler.edge.http import HttpServer
from scaler.edge.telemetry import Telemetry
from tests.scaler.edge.board_world import NINE_UNIX_S, World, busy

CHAT_DECISIONS = "/api/v1/services/llm/chat-70b/decisions"


class Client:
    """A session that remembers where the server is."""

    def __init__(self, world: World, address: str, session: aiohttp.ClientSession) -> None:
        self.world = world
        self.address = address
        self._session = session
        self.not_ready = ""

    async def get(self, path: str, method: str = "GET", **arguments: Any) -> tuple[int, str, Any]:
        async with self._session.request(method, f"http://{self.address}{path}", **arguments) as answer:
            return answer.status, await answer.text(), answer.headers


@asynccontextmanager
async def served(world: World | None = None) -> AsyncIterator[Client]:
    if world is None:
        world = World()
        world.publish(world.entry(None, decision=busy()))
    state: list[Client] = []
    server = HttpServer(
        world.board,
        Telemetry(world.board, version="1.2.3"),
        listen="127.0.0.1:0",
        why_not_ready=lambda: state[0].not_ready,
        unix_s=lambda: NINE_UNIX_S,
    )
    address = await server.start()
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            state.append(Client(world, address, session))
            yield state[0]
    finally:
        await server.drain()


async def test_alive_at_once_and_ready_when_it_says_so() -> None:
    async with served(World()) as client:
        client.not_ready = "the first tick has not finished"
        assert (await client.get("/healthz"))[:2] == (200, "alive\n")
        assert (await client.get("/readyz"))[:2] == (503, "the first tick has not finished\n")
        client.not_ready = ""
        assert (await client.get("/readyz"))[:2] == (200, "ready\n")


async def test_metrics_come_in_the_format_that_was_asked_for() -> None:
    async with served() as client:
        status, text, headers = await client.get("/metrics")
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain")
        assert 'heteroscale_published_replicas{namespace="llm",role="decode",service="chat-70b"} 15.0' in text
        _, text, headers = await client.get(
            "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
        )
        assert headers["Content-Type"].startswith("application/openmetrics-text")
        assert text.endswith("# EOF\n")


async def test_services_are_listed_in_short_and_shown_in_full() -> None:
    async with served() as client:
        _, text, _ = await client.get("/api/v1/services")
        (short,) = json.loads(text)["services"]
        assert (short["namespace"], short["name"], short["fresh"]) == ("llm", "chat-70b", True)
        assert short["verdict"] == {"action": "scale", "reason": "load_out"}
        assert short["published"] == {"prefill": 5, "decode": 15}
        assert short["conditions"] == ["GuardCoarse"]
        _, text, _ = await client.get("/api/v1/services/llm/chat-70b")
        full = json.loads(text)
        assert decision_from_json(full["last"]["decision"]) == busy()
        assert full["last"]["decidedAt"] == "2026-11-25T09:00:00.000Z"
        assert "decode carries more than its target" in full["last"]["explanation"]


async def test_decisions_are_the_newest_first_and_as_many_as_asked() -> None:
    world = World()
    for decode in range(3, 30):
        world.publish(world.entry(Pair(4, decode)))
    async with served(world) as client:
        for query, count in (("", 20), ("?limit=1", 1), ("?limit=3", 3), ("?limit=240", 27)):
            _, text, _ = await client.get(CHAT_DECISIONS + query)
            sequences = [found["decision"]["sequence"] for found in json.loads(text)["decisions"]]
            assert sequences == list(range(27, 27 - count, -1))


@pytest.mark.parametrize("limit", ["0", "241", "-1", "1.5", "many", "", "99999999999999999999", "٣", "1&limit=2"])
async def test_a_bad_limit_is_refused_by_name(limit: str) -> None:
    async with served() as client:
        status, text, _ = await client.get(f"{CHAT_DECISIONS}?limit={limit}")
        assert status == 400
        assert json.loads(text)["error"].startswith("limit: ")
        assert "1 to 240" in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/services/llm/nobody", 404),
        ("GET", "/api/v1/services/llm/nobody/decisions", 404),
        ("GET", "/api/v1/services/other/chat-70b", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/api/v1/services/llm/chat-70b", 405),
    ],
)
async def test_what_is_not_offered_is_refused_in_json(method: str, path: str, status: int) -> None:
    async with served() as client:
        found, text, headers = await client.get(path, method)
        assert found == status
        assert set(json.loads(text)) == {"error"}
        assert status != 405 or "GET" in headers["Allow"]


async def test_every_answer_carries_the_security_headers() -> None:
    async with served() as client:
        for path in ("/", "/healthz", "/metrics", "/api/v1/services", "/nowhere"):
            _, _, headers = await client.get(path)
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Server"] == "heteroscale"
            assert headers["Cache-Control"] == "no-store"


async def test_bodies_and_long_headers_are_not_waited_for() -> None:
    async with served() as client:
        status, _, _ = await client.get("/api/v1/services", "POST", data=io.BytesIO(b"x" * 5_000_000))
        assert status == 405
        status, _, _ = await client.get("/healthz", headers={"X-Long": "x" * 100_000})
        assert status == 400
        assert (await client.get(f"/{'x' * 20_000}"))[0] == 400
        assert (await client.get("/healthz"))[0] == 200


async def test_garbage_on_the_port_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with served() as client:
        host, _, port = client.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(bytes(range(256)) * 16)
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.")
        writer.close()
        assert (await client.get("/healthz"))[0] == 200
    assert caplog.messages == []  # nor fills the log


async def test_the_page_is_html_that_fetches_nothing() -> None:
    world = World()
    world.publish(world.entry(None, key=ServiceKey("llm", "new"), waiting_for="20 s of 60 s"))
    async with served(world) as client:
        status, text, headers = await client.get("/")
        assert status == 200
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert "20 s of 60 s" in text
        assert "src=" not in text
        assert "<script" not in text
