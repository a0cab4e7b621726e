"""Certificates replaced while the server answers, and those it makes for itself, over real handshakes."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

import aiohttp
import pytest

from placement_webhook.edge.certificate import Credential, make_authority, make_leaf
from placement_webhook.edge.certificate_folder import CertificateFolder
from placement_webhook.edge.certificate_keeper import KEY, LEAF, keep_certificates
from placement_webhook.edge.rotation import DAY_S, Lifetimes
from placement_webhook.edge.tls_files import LiveCertificate, TlsFiles
from tests.contract.certificate_files import Authority
from tests.placement_webhook.edge.webhook_world import Served, patch_in, review, served, trusting


async def serial_served(webhook: Served, authority: Authority) -> int:
    """Of the certificate that a new handshake shows."""
    _, writer = await asyncio.open_connection(*webhook.host_port, ssl=trusting(authority), server_hostname="localhost")
    shown = writer.get_extra_info("ssl_object").getpeercert()
    writer.close()
    return int(shown["serialNumber"], 16)


async def test_a_certificate_is_replaced_under_load_without_losing_a_request(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, authority=authority) as webhook:
        first = await serial_served(webhook, authority)
        seen: set[int] = set()
        done = asyncio.Event()

        async def load(kept: bool) -> int:
            answered = 0
            while not done.is_set():
                if kept:
                    status, answer = await webhook.post(review())
                else:
                    connector = aiohttp.TCPConnector(ssl=trusting(authority), force_close=True)
                    async with (
                        aiohttp.ClientSession(connector=connector) as session,
                        session.post(f"https://{webhook.address}/mutate/v1/pods", json=review()) as response,
                    ):
                        status, answer = response.status, await response.json()
                assert status == 200
                assert patch_in(answer)
                answered += 1
            return answered

        clients = [asyncio.create_task(load(kept)) for kept in (True, True, False, False)]
        for _ in range(5):
            authority.leaf().write(webhook.folder, "tls")
            await asyncio.to_thread(webhook.certificate.refresh)
            seen.add(await serial_served(webhook, authority))
        done.set()
        assert min(await asyncio.gather(*clients)) > 0
        assert len(seen - {first}) == 5


async def test_a_bad_replacement_keeps_the_old_certificate(tmp_path: Path) -> None:
    authority = Authority()
    async with served(tmp_path, authority=authority) as webhook:
        first = await serial_served(webhook, authority)
        other = authority.leaf()
        for number, (certificate, key) in enumerate(
            [(b"nonsense", b"nonsense"), (other.certificate, None), (None, b""), (b"", None)], start=1
        ):
            before = {name: (webhook.folder / name).read_bytes() for name in ("tls.crt", "tls.key")}
            for name, content in (("tls.crt", certificate), ("tls.key", key)):
                if content is not None:
                    (webhook.folder / name).write_bytes(content)
            webhook.certificate.refresh()
            assert webhook.certificate.problem
            assert webhook.counted("reload_failures_total", file="certificate") == number
            assert await serial_served(webhook, authority) == first
            for name, content in before.items():
                (webhook.folder / name).write_bytes(content)
        webhook.certificate.refresh()
        assert webhook.certificate.problem == ""


async def test_nobody_is_answered_before_there_is_a_certificate(tmp_path: Path) -> None:
    authority = Authority()
    failures: list[str] = []
    files = TlsFiles(certificate=tmp_path / "late.crt", key=tmp_path / "late.key")
    live = LiveCertificate(files, lambda: failures.append("certificate"))
    live.refresh()
    assert not live.loaded
    assert "late.crt: No such file" in live.problem
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=live.context)
    host_port = server.sockets[0].getsockname()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(*host_port, ssl=trusting(authority), server_hostname="localhost")
    authority.leaf().write(tmp_path, "late")
    live.refresh()
    assert live.loaded
    _, writer = await asyncio.open_connection(*host_port, ssl=trusting(authority), server_hostname="localhost")
    writer.close()
    server.close()


def strict(bundle: bytes) -> ssl.SSLContext:
    """As Go and Python 3.13 look at certificates: extensions have to be in order."""
    context = ssl.create_default_context(cadata=bundle.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def handshake(bundle: bytes, leaf: Credential, folder: Path, name: str) -> None:
    certificate, key = folder / "leaf.crt", folder / "leaf.key"
    certificate.write_bytes(leaf.certificate)
    key.write_bytes(leaf.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    try:
        _, writer = await asyncio.open_connection(
            *server.sockets[0].getsockname(), ssl=strict(bundle), server_hostname=name
        )
        writer.close()
    finally:
        server.close()


async def test_own_certificates_satisfy_a_strict_client_for_their_names_only(tmp_path: Path) -> None:
    now_unix_s = time.time()
    authority = make_authority(now_unix_s, now_unix_s + DAY_S)
    leaf = make_leaf(authority, ("webhook.heteroscale.svc", "127.0.0.1"), now_unix_s, now_unix_s + DAY_S)
    await handshake(authority.certificate, leaf, tmp_path, "webhook.heteroscale.svc")
    await handshake(authority.certificate, leaf, tmp_path, "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(authority.certificate, leaf, tmp_path, "other.heteroscale.svc")
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(make_authority(now_unix_s, now_unix_s + DAY_S).certificate, leaf, tmp_path, "127.0.0.1")


async def test_in_a_rotation_no_client_meets_a_leaf_that_its_bundle_does_not_know(tmp_path: Path) -> None:
    """Each client has a bundle that is a whole overlap old, all through a year and a half of daily looks."""
    lifetimes = Lifetimes(authority_s=30 * DAY_S, leaf_s=7 * DAY_S, overlap_s=DAY_S)
    store = CertificateFolder(tmp_path / "own")
    start_unix_s = time.time() - 60 * DAY_S
    bundle_before, leaf = b"", None
    authorities: set[bytes] = set()
    shown: set[bytes] = set()
    for half_day in range(120):
        now_unix_s = start_unix_s + half_day * DAY_S / 2
        kept, _ = keep_certificates(store, ("w.h.svc",), now_unix_s, lifetimes)
        assert kept.leaf is not None
        assert kept.authority is not None
        assert kept.leaf.validity.until_unix_s > now_unix_s
        if bundle_before:
            assert kept.authority.certificate in bundle_before
        bundle_before, leaf = kept.bundle, kept.leaf
        assert 1 <= kept.bundle.count(b"BEGIN CERTIFICATE") <= 2
        authorities.add(kept.authority.certificate)
        shown.add(kept.leaf.certificate)
    assert len(authorities) >= 3
    assert len(shown) > len(authorities)
    assert leaf is not None
    await handshake(bundle_before, leaf, tmp_path, "w.h.svc")
    served_files = (store.current / LEAF).read_bytes(), (store.current / KEY).read_bytes()
    assert served_files == (leaf.certificate, leaf.key)
