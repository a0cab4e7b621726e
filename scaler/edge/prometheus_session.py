"""A requests session that cannot be flooded, stalled or sent elsewhere.

It knows HTTP and bounds, never what is asked. Used from worker threads only: it blocks.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import requests

CHUNK_BYTES = 64 * 1024
ERROR_BYTES_MAX = 64 * 1024
"""Of an error page only the beginning is read: enough for the server's own words."""


class AnswerTooLarge(Exception):  # noqa: N818 - it names what the server did
    """The server's answer exceeds the bound."""


class Unreadable(Exception):  # noqa: N818 - it names the file's state
    """A credentials file cannot be read: our side's fault, said before anything is sent."""


class BoundedSession(requests.Session):
    """Every answer ends by `timeout_s` and at `bytes_max` bytes, counted after decompression; the rest stays unread.

    Proxies and netrc of the environment are ignored and redirects are not followed: a token must not travel to
    where an answer points. The parameters of a POST go into its body, since proxies cut long addresses.
    """

    def __init__(self, *, bytes_max: int) -> None:
        super().__init__()
        self._bytes_max = bytes_max
        self.trust_env = False

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As in requests; `timeout` also bounds the whole exchange."""
        if method == "POST":
            kwargs["data"] = kwargs.pop("params", None)
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Reads the body itself, piece by piece, so that a bound can stop it."""
        timeout_s = float(kwargs.get("timeout") or 5.0)
        ends_at_s = time.monotonic() + timeout_s
        response = super().send(request, **{**kwargs, "stream": True, "allow_redirects": False})
        try:
            response._content = self._body(response, ends_at_s)  # noqa: SLF001 - where requests keeps a body
        finally:
            if getattr(response, "_content", False) is False:
                response.close()  # cut: the connection cannot be used again
        return response

    def _body(self, response: requests.Response, ends_at_s: float) -> bytes:
        pieces: list[bytes] = []
        received = 0
        while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
            received += len(piece)
            if not response.ok and received > ERROR_BYTES_MAX:
                response.close()
                break
            if received > self._bytes_max:
                raise AnswerTooLarge(f"more than {self._bytes_max} bytes")
            if time.monotonic() > ends_at_s:
                raise requests.exceptions.ReadTimeout("the answer did not end in time")
            pieces.append(piece)
        response.raw.release_conn()
        return b"".join(pieces)


class Credentials(requests.auth.AuthBase):
    """A bearer token or a password from a file that may be replaced at any time."""

    def __init__(self, *, token: Path | None, user: str, password: Path | None) -> None:
        self._token = FileText(token) if token else None
        self._user = user
        self._password = FileText(password) if password else None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.read()}"
        elif self._user:
            password = self._password.read() if self._password else ""
            requests.auth.HTTPBasicAuth(self._user, password)(request)
        return request


class FileText:
    """A small file's text, read again when its time, size or inode changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._text = ""

    def read(self) -> str:
        """The text without surrounding space. Raises Unreadable."""
        try:
            stat = self._path.stat()
            now = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if now != self._seen:
                self._text, self._seen = self._path.read_text(encoding="utf-8").strip(), now
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"{self._path.name}: {error.__class__.__name__}") from error
        return self._text
