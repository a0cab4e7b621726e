"""Server certificates from files, read again while the program runs.

What cannot be used never replaces what can: a bad rotation keeps the old certificate and says so. It must never know
what is served with them.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc

log = logging.getLogger(__name__)

FILE_BYTES_MAX = 1_048_576  # the size of a Kubernetes Secret; a path to something endless must not be read to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files. With `client_ca`, only clients with a certificate signed by it are served (mTLS)."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The files' contents, checked to belong together."""

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    client_ca: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why the files cannot be served, with the file at fault."""

    why: str


def read_material(files: TlsFiles) -> Material | Unusable:
    """Read the files and check them by loading them, as a TLS server would."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        material = _read(files)
    except OSError as trouble:
        return Unusable(f"{trouble.filename}: {trouble.strerror}")
    try:
        context.load_cert_chain(files.certificate, files.key, password="")  # or an encrypted key would ask a terminal
    except (OSError, ValueError) as trouble:
        return Unusable(f"{files.certificate} and {files.key}: not a certificate with its unencrypted key ({trouble})")
    if material.client_ca is not None:
        try:
            context.load_verify_locations(cadata=material.client_ca.decode("ascii"))
        except (OSError, ValueError) as trouble:
            return Unusable(f"{files.client_ca}: no PEM certificate authority ({trouble})")
    try:
        unchanged = _read(files) == material
    except OSError:
        unchanged = False
    return material if unchanged else Unusable(f"{files.certificate}: being replaced at this moment")


class Certificates:
    """The newest usable material, and what is wrong with what is on disk."""

    def __init__(self, files: TlsFiles, on_failure: Callable[[], None]) -> None:
        self._files = files
        self._on_failure = on_failure
        self._material: Material | None = None
        self._fetched: Material | None = None
        self.problem = "not read yet"

    @property
    def loaded(self) -> bool:
        return self._material is not None

    def refresh(self) -> None:
        """Look at the files again; blocks for as long as reading them takes."""
        found = read_material(self._files)
        if isinstance(found, Unusable):
            self._complain(found.why)
            return
        if found != self._material:
            log.info("certificates loaded from %s", self._files.certificate)
        self._material, self.problem = found, ""

    def server_credentials(self) -> grpc.ServerCredentials:
        """Credentials that hand the newest material to each new handshake.

        Raises LookupError while there is none.
        """
        if self._material is None:
            raise LookupError(self.problem)
        self._fetched = self._material
        return grpc.dynamic_ssl_server_credentials(
            _configuration(self._material),
            self._newer,  # type: ignore[arg-type]  # gRPC's own words allow None, its types do not
            self._files.client_ca is not None,
        )

    def _newer(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC in its own thread at each handshake: None keeps what it has."""
        material = self._material
        if material is None or material is self._fetched:
            return None
        self._fetched = material
        return _configuration(material)

    def _complain(self, why: str) -> None:
        self._on_failure()
        if why != self.problem:  # once a problem, not once a look
            kept = "the old certificate stays in use" if self.loaded else "not serving until it is mended"
            log.error("certificate files: %s; %s", why, kept)
        self.problem = why


def _read(files: TlsFiles) -> Material:
    return Material(
        certificate=_contents(files.certificate),
        key=_contents(files.key),
        client_ca=None if files.client_ca is None else _contents(files.client_ca),
    )


def _contents(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX)


def _configuration(material: Material) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(material.key, material.certificate)], material.client_ca)
