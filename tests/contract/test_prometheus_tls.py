"""Over TLS a server is believed only when its certificate comes from the CA that was named."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scaler.core.observation import Absent, Why
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_query import Answer, PrometheusQuery, Row


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for the loopback address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / f"{name}.crt", folder / f"{name}.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


async def _scalar(request: web.Request) -> web.Response:
    return web.json_response({"status": "success", "data": {"resultType": "scalar", "result": [7.5, "7.5"]}})


async def _ask(url: str, ca_file: Path | None) -> Answer:
    query = PrometheusQuery(PrometheusOptions(url=url, ca_file=ca_file))
    answer = await query.ask("time()", at_unix_s=None, within_s=5.0)
    query.close()
    return answer


async def test_only_the_named_ca_is_trusted(tmp_path: Path):
    chain, key = certificate(tmp_path, "ours")
    other, _ = certificate(tmp_path, "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    app = web.Application()
    app.router.add_post("/api/v1/query", _scalar)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        assert await _ask(url, chain) == (Row({}, 7.5),)
        for ca_file in (other, None):
            assert await _ask(url, ca_file) == Absent(Why.SOURCE_DOWN, "SSLError")
        missing = await _ask(url, tmp_path / "missing.crt")
        assert isinstance(missing, Absent)
    finally:
        await runner.cleanup()
