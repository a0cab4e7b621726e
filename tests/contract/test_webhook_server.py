"""The HTTPS server under bad clients, and on its way out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp

from placement_webhook.edge.server import BODY_BYTES_MAX, ServerLimits
from tests.command.running_program import eventually
from tests.contract.certificate_files import Authority
from tests.placement_webhook.edge.webhook_world import PATCH, Served, patch_in, review, served, trusting

HASTY = ServerLimits(headers_within_s=0.2, look_every_s=0.05, handshake_within_s=0.3)


async def raw(webhook: Served, authority: Authority) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*webhook.host_port, ssl=trusting(authority), server_hostname="localhost")


async def test_probes_are_answered_beside_reviews(tmp_path: Path) -> None:
    async with served(tmp_path) as webhook:
        webhook.not_ready = "plan: not read yet"
        async with webhook.session.get(f"https://{webhook.address}/readyz") as answer:
            assert (answer.status, await answer.text()) == (503, "plan: not read yet\n")
        webhook.not_ready = ""
        for path in ("/readyz", "/healthz"):
            async with webhook.session.get(f"https://{webhook.address}{path}") as answer:
                assert answer.status == 200
        async with webhook.session.get(f"https://{webhook.address}/mutate/v1/pods") as answer:
            assert answer.status == 405


async def test_a_body_above_the_limit_is_refused_and_one_at_it_is_read(tmp_path: Path) -> None:
    async with served(tmp_path) as webhook:
        whole = json.dumps(review()).encode()
        status, answer = await webhook.post(whole + b" " * (BODY_BYTES_MAX - len(whole)))
        assert (status, patch_in(answer)) == (200, list(PATCH))
        status, _ = await webhook.post(whole + b" " * (BODY_BYTES_MAX - len(whole) + 1))
        assert status == 413
        assert webhook.counted("refused_total", why="body_too_large") == 1


async def test_a_body_of_unsaid_length_is_refused_once_it_is_too_long(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, authority=authority) as webhook:
        reader, writer = await raw(webhook, authority)
        writer.write(b"POST /mutate/v1/pods HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"%x\r\n%b\r\n" % (65_536, b" " * 65_536)
        try:
            for _ in range(BODY_BYTES_MAX // 65_536 + 2):
                writer.write(chunk)
                await writer.drain()
            assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
        except ConnectionError:
            pass  # it may also close while we still write
        await eventually(lambda: webhook.counted("refused_total", why="body_too_large") == 1, lambda: "refused")
        writer.transport.abort()


async def test_a_body_that_trickles_is_given_up_at_the_callers_own_deadline(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, authority=authority) as webhook:
        reader, writer = await raw(webhook, authority)
        writer.write(b"POST /mutate/v1/pods?timeout=200ms HTTP/1.1\r\nHost: w\r\nContent-Length: 1000\r\n\r\n{")
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
        assert webhook.counted("refused_total", why="slow_body") == 1
        await asyncio.wait_for(reader.read(), 5)  # and the connection ends
        writer.close()


async def test_a_request_line_that_never_ends_is_cut(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, limits=HASTY, authority=authority) as webhook:
        reader, writer = await raw(webhook, authority)
        writer.write(b"POST /mutate/v1/po")
        assert await _ended(reader)
        assert webhook.counted("refused_total", why="slow_headers") == 1
        writer.close()


async def test_a_silent_connection_is_cut_and_an_idle_one_is_kept(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, limits=HASTY, authority=authority) as webhook:
        silent, silent_writer = await raw(webhook, authority)
        assert (await webhook.post(review()))[0] == 200
        assert await _ended(silent)
        silent_writer.close()
        before = webhook.server.open_connections
        assert before == 1
        await webhook.post(review())
        assert webhook.server.open_connections == 1, "the kept connection was used again"


async def test_a_client_that_never_speaks_tls_is_dropped(tmp_path: Path) -> None:
    async with served(tmp_path, limits=HASTY) as webhook:
        reader, writer = await asyncio.open_connection(*webhook.host_port)
        assert await _ended(reader)
        writer.close()
        assert (await webhook.post(review()))[0] == 200


async def test_a_client_that_vanishes_in_mid_body_leaves_nothing_behind(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, authority=authority) as webhook:
        _, writer = await raw(webhook, authority)
        writer.write(b"POST /mutate/v1/pods HTTP/1.1\r\nHost: w\r\nContent-Length: 1000\r\n\r\n{")
        await eventually(lambda: webhook.server.reviews_being_read == 1, lambda: "being read")
        writer.transport.abort()
        await eventually(lambda: webhook.server.reviews_being_read == 0, lambda: "given up")
        await eventually(lambda: webhook.server.open_connections == 0, lambda: "closed")


async def test_more_reviews_at_a_time_than_there_is_room_for_are_refused(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, limits=ServerLimits(reviews_max=1), authority=authority) as webhook:
        _, writer = await raw(webhook, authority)
        writer.write(b"POST /mutate/v1/pods HTTP/1.1\r\nHost: w\r\nContent-Length: 1000\r\n\r\n{")
        await eventually(lambda: webhook.server.reviews_being_read == 1, lambda: "being read")
        assert (await webhook.post(review()))[0] == 503
        assert webhook.counted("refused_total", why="too_many_reviews") == 1
        writer.transport.abort()
        await eventually(lambda: webhook.server.reviews_being_read == 0, lambda: "given up")
        assert (await webhook.post(review()))[0] == 200


async def test_more_connections_than_there_is_room_for_are_refused(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, limits=ServerLimits(connections_max=2), authority=authority) as webhook:
        kept = [await raw(webhook, authority) for _ in range(2)]
        await eventually(lambda: webhook.server.open_connections == 2, lambda: "two open")
        reader, writer = await raw(webhook, authority)
        assert await _ended(reader)
        assert webhook.counted("refused_total", why="too_many_connections") == 1
        for _, one in [*kept, (reader, writer)]:
            one.close()


async def test_it_speaks_http_1_1_alone(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, authority=authority) as webhook:
        context = trusting(authority)
        context.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await asyncio.open_connection(*webhook.host_port, ssl=context, server_hostname="localhost")
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        writer.close()


async def test_draining_says_so_answers_what_comes_and_ends_connections(tmp_path: Path) -> None:
    async with served(tmp_path) as webhook:
        await webhook.post(review())
        draining = asyncio.create_task(webhook.server.drain(linger_s=0.5))
        await asyncio.sleep(0)
        async with webhook.session.get(f"https://{webhook.address}/readyz") as answer:
            assert (answer.status, await answer.text()) == (503, "draining\n")
        async with webhook.session.post(f"https://{webhook.address}/mutate/v1/pods", json=review()) as answer:
            assert answer.headers["Connection"] == "close"
            assert patch_in(await answer.json()) == list(PATCH)
        await draining
        try:
            await webhook.post(review())
        except aiohttp.ClientConnectionError:
            return
        raise AssertionError("still answering")


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 5) == b""
    except OSError:
        return True
