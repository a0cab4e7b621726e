"""The server's certificate from files, handed to each new handshake, and replaced while connections stay open.

What cannot be used never replaces what can: a bad rotation keeps the old certificate and says so. Each replacement is
a context of its own, because one that is half loaded (new certificate, old key) would fail every handshake.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from placement_webhook.edge.certificate import slow_key, validity_of

log = logging.getLogger(__name__)

FILE_BYTES_MAX = 1_048_576  # the size of a Kubernetes Secret; a path to something endless must not be read to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: the certificate with its chain, and its unencrypted key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class _Unusable:
    why: str


@dataclass(frozen=True, slots=True)
class _Material:
    read: tuple[bytes, bytes]
    context: ssl.SSLContext
    until_unix_s: float


class LiveCertificate:
    """The newest usable certificate, and what is wrong with what is on disk."""

    def __init__(self, files: TlsFiles, on_failure: Callable[[], None]) -> None:
        self._files = files
        self._on_failure = on_failure
        self._material: _Material | None = None
        self.problem = "not read yet"
        self.context = _bare_context()
        self.context.sni_callback = self._hand_over  # called at each handshake, also of a client that names no server

    @property
    def loaded(self) -> bool:
        return self._material is not None

    @property
    def until_unix_s(self) -> float:
        """When the one in use expires; 0 while there is none."""
        return 0.0 if self._material is None else self._material.until_unix_s

    def refresh(self) -> None:
        """Look at the files again; blocks for as long as reading them takes."""
        found = self._look()
        if isinstance(found, _Unusable):
            self._complain(found.why)
        elif found is not self._material:
            self._material, self.problem = found, ""
            log.info("certificate loaded from %s", self._files.certificate)
            if warning := slow_key(found.read[0]):
                log.warning("%s: %s", self._files.certificate, warning)
        else:
            self.problem = ""

    def _look(self) -> _Material | _Unusable:
        files = self._files
        try:
            read = _read(files)
            if self._material is not None and read == self._material.read:
                return self._material
        except OSError as trouble:
            return _Unusable(f"{trouble.filename}: {trouble.strerror}")
        context = _bare_context()
        try:
            context.load_cert_chain(files.certificate, files.key, password="")  # or an encrypted key asks a terminal
            until_unix_s = validity_of(read[0]).until_unix_s
            unchanged = _read(files) == read
        except (OSError, ValueError) as trouble:
            why = f"{files.certificate} and {files.key}: not a certificate with its unencrypted key ({trouble})"
            return _Unusable(why)
        if not unchanged:
            return _Unusable(f"{files.certificate}: being replaced at this moment")
        return _Material(read, context, until_unix_s)

    def _hand_over(self, connection: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> int | None:
        if self._material is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._material.context
        return None

    def _complain(self, why: str) -> None:
        self._on_failure()
        if why != self.problem:  # once a problem, not once a look
            kept = "the old certificate stays in use" if self.loaded else "nobody is answered until it is mended"
            log.error("certificate files: %s; %s", why, kept)
        self.problem = why


def _bare_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])  # all that the API server speaks to a webhook
    return context


def _read(files: TlsFiles) -> tuple[bytes, bytes]:
    return _contents(files.certificate), _contents(files.key)


def _contents(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX)
