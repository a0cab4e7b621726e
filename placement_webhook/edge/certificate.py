"""Certificates made here: an authority of our own and leaves for the webhook's Service, all on P-256.

P-256 because handshakes are what bursts cost: with RSA-4096 the API server's redials collapsed a server that P-256 kept
below 20 ms. It must never know where certificates are kept or when they are due.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from placement_webhook.edge.rotation import Validity

CLOCK_SKEW_S = 300.0  # begin a little earlier: a client whose clock lags must not refuse a certificate just made
AUTHORITY_NAME = "heteroscale placement webhook"
RSA_BITS_MAX = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def validity(self) -> Validity:
        return validity_of(self.certificate)


def make_authority(now_unix_s: float, until_unix_s: float) -> Credential:
    """A self-signed authority that may sign leaves and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # The serial is part of the name: of two authorities with one name, clients try the wrong key and give up.
    name = _name(f"{AUTHORITY_NAME} {serial % 2**32:08x}")
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key.public_key(), serial, (now_unix_s, until_unix_s))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(own, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _credential(certificate, key)


def make_leaf(authority: Credential, names: tuple[str, ...], now_unix_s: float, until_unix_s: float) -> Credential:
    """A server certificate for `names` (DNS names or addresses; the first is the subject), signed by the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = x509.load_pem_x509_certificate(authority.certificate)
    signing_key = serialization.load_pem_private_key(authority.key, password=None)
    if not isinstance(signing_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is not an elliptic-curve key; it was not made here")
    issuer_id = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    serial = x509.random_serial_number()
    certificate = (
        _builder(_name(names[0][:64]), signer.subject, key.public_key(), serial, (now_unix_s, until_unix_s))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_subject_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    return _credential(certificate, key)


def validity_of(pem: bytes) -> Validity:
    """Of the first certificate in the text. Raises ValueError where there is none."""
    certificate = x509.load_pem_x509_certificate(pem)
    return Validity(
        from_unix_s=certificate.not_valid_before_utc.timestamp() + CLOCK_SKEW_S,
        until_unix_s=certificate.not_valid_after_utc.timestamp(),
    )


def slow_key(pem: bytes) -> str:
    """What makes handshakes with this certificate slow enough to matter, or nothing."""
    key = x509.load_pem_x509_certificate(pem).public_key()
    bits = getattr(key, "key_size", 0)
    if isinstance(key, ec.EllipticCurvePublicKey) or bits <= RSA_BITS_MAX:
        return ""
    return f"an RSA key of {bits} bits makes each handshake ten times as dear; use ECDSA P-256"


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _subject_name(name: str) -> x509.GeneralName:
    try:
        address: IPv4Address | IPv6Address = ip_address(name)
    except ValueError:
        return x509.DNSName(name)
    return x509.IPAddress(address)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    serial: int,
    from_until_unix_s: tuple[float, float],
) -> x509.CertificateBuilder:
    begins, ends = from_until_unix_s
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(datetime.fromtimestamp(begins - CLOCK_SKEW_S, UTC))
        .not_valid_after(datetime.fromtimestamp(ends, UTC))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _credential(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Credential:
    return Credential(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
