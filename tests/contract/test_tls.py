"""TLS and mTLS on real sockets: who is refused, and how certificates are rotated while the server runs."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import grpc
import pytest

from scaler.edge.keda_server import KedaServerSettings
from scaler.edge.tls import Certificates, Material, TlsFiles, Unusable, read_material
from scaler.wire import externalscaler_pb2_grpc as wire_grpc
from tests.contract.certificate_files import Authority, Leaf
from tests.contract.keda_client import TIMEOUT_S, eventually, reference, refused, served

QUICK = KedaServerSettings(listen="127.0.0.1:0", certificates_every_s=0.05)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def files_in(folder: Path, leaf: Leaf, client_ca: bytes | None = None) -> TlsFiles:
    certificate, key = leaf.write(folder, "server")
    if client_ca is None:
        return TlsFiles(certificate=certificate, key=key)
    (folder / "clients.crt").write_bytes(client_ca)
    return TlsFiles(certificate=certificate, key=key, client_ca=folder / "clients.crt")


async def ask(address: str, root: bytes, client: Leaf | None = None) -> bool:
    """Ask IsActive as KEDA does, on a connection of its own; AioRpcError where the handshake fails."""
    pair = (client.key, client.certificate) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(root, *pair)
    async with grpc.aio.secure_channel(address, credentials) as channel:
        return bool((await wire_grpc.ExternalScalerStub(channel).IsActive(reference(), timeout=TIMEOUT_S)).result)


async def served_serial(address: str) -> bytes:
    """The certificate that a new handshake gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return ssl.DER_cert_to_PEM_cert(shown).encode().strip()


async def test_tls_serves_who_trusts_it_and_refuses_plaintext(tmp_path: Path, authority: Authority) -> None:
    certificates = Certificates(files_in(tmp_path, authority.leaf()), lambda: None)
    async with served(settings=QUICK, certificates=certificates) as under_test:
        assert await ask(under_test.address, authority.pem)
        assert (await refused(under_test.stub.IsActive(reference(), timeout=TIMEOUT_S)))[
            0
        ] is grpc.StatusCode.UNAVAILABLE
        assert (await refused(ask(under_test.address, Authority().pem)))[0] is grpc.StatusCode.UNAVAILABLE
        assert await ask(under_test.address, authority.pem)


async def test_mtls_refuses_clients_without_a_certificate_of_its_authority(
    tmp_path: Path, authority: Authority
) -> None:
    clients = Authority("clients")
    certificates = Certificates(files_in(tmp_path, authority.leaf(), clients.pem), lambda: None)
    async with served(settings=QUICK, certificates=certificates) as under_test:
        assert await ask(under_test.address, authority.pem, clients.leaf("keda"))
        for stranger in (None, Authority("strangers").leaf("keda")):
            code, _ = await refused(ask(under_test.address, authority.pem, stranger))
            assert code is grpc.StatusCode.UNAVAILABLE


async def test_a_rotated_certificate_is_served_without_a_restart(tmp_path: Path, authority: Authority) -> None:
    old, new = authority.leaf(), authority.leaf()
    certificates = Certificates(files_in(tmp_path, old), lambda: None)
    async with served(settings=QUICK, certificates=certificates) as under_test:
        assert await served_serial(under_test.address) == old.certificate.strip()
        new.write(tmp_path, "server")
        for _ in range(200):
            if await served_serial(under_test.address) == new.certificate.strip():
                break
            await asyncio.sleep(0.02)
        assert await served_serial(under_test.address) == new.certificate.strip()
        assert await ask(under_test.address, authority.pem)


async def test_a_rotated_client_authority_refuses_the_old_clients(tmp_path: Path, authority: Authority) -> None:
    old, new = Authority("old clients"), Authority("new clients")
    certificates = Certificates(files_in(tmp_path, authority.leaf(), old.pem), lambda: None)
    async with served(settings=QUICK, certificates=certificates) as under_test:
        assert await ask(under_test.address, authority.pem, old.leaf("keda"))
        (tmp_path / "clients.crt").write_bytes(new.pem)
        certificates.refresh()
        assert await ask(under_test.address, authority.pem, new.leaf("keda"))
        assert (await refused(ask(under_test.address, authority.pem, old.leaf("keda"))))[
            0
        ] is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("what", ["garbage", "another's key", "gone"])
async def test_a_bad_rotation_keeps_the_old_certificate_and_says_so(
    what: str, tmp_path: Path, authority: Authority
) -> None:
    old = authority.leaf()
    failures: list[None] = []
    certificates = Certificates(files_in(tmp_path, old), lambda: failures.append(None))
    async with served(settings=QUICK, certificates=certificates) as under_test:
        match what:
            case "garbage":
                (tmp_path / "server.crt").write_bytes(b"-----BEGIN CERTIFICATE-----\nno\n")
            case "another's key":
                (tmp_path / "server.key").write_bytes(authority.leaf().key)
            case _:
                (tmp_path / "server.key").unlink()
        await eventually(lambda: len(failures) >= 2)
        assert "server" in certificates.problem
        assert under_test.server.why_not_ready() == ""
        assert await served_serial(under_test.address) == old.certificate.strip()
        assert await ask(under_test.address, authority.pem)


async def test_without_certificates_it_is_not_ready_until_they_are_there(tmp_path: Path, authority: Authority) -> None:
    files = TlsFiles(certificate=tmp_path / "server.crt", key=tmp_path / "server.key")
    certificates = Certificates(files, lambda: None)
    async with served(settings=QUICK, certificates=certificates) as under_test:
        assert under_test.address == ""
        assert not under_test.server.certificates_loaded
        assert (
            under_test.server.why_not_ready()
            == f"certificates not loaded: {files.certificate}: No such file or directory"
        )
        authority.leaf().write(tmp_path, "server")
        await eventually(lambda: under_test.server.bound_address != "")
        assert under_test.server.why_not_ready() == ""
        assert await ask(under_test.server.bound_address, authority.pem)


def test_what_cannot_be_served_is_told_with_the_file_at_fault(tmp_path: Path, authority: Authority) -> None:
    good = files_in(tmp_path, authority.leaf(), authority.pem)
    assert isinstance(read_material(good), Material)
    assert "key" not in repr(read_material(good))
    (tmp_path / "clients.crt").write_text("no authority")
    found = read_material(good)
    assert isinstance(found, Unusable)
    assert "clients.crt: no PEM certificate authority" in found.why
