"""One bounded GET of a replica's `/metrics`. It knows HTTP, never what the text says."""

from __future__ import annotations

import asyncio

import aiohttp

from scaler.core.observation import Absent, Why
from scaler.edge.scrape_endpoints import Endpoint
from scaler.edge.scrape_options import ScrapeOptions

ACCEPT = {"Accept": "text/plain;version=0.0.4", "Accept-Encoding": "identity"}
CHUNK_BYTES = 64 * 1024


class Fetcher:
    """A client of its own: no proxies, cookies or credentials from the environment, no redirects."""

    def __init__(self, options: ScrapeOptions) -> None:
        self._options = options
        self._slots = asyncio.Semaphore(options.concurrent_requests_max)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, endpoint: Endpoint) -> bytes | Absent:
        """The body, or why there is none. Never raises for what the replica does."""
        async with self._slots:
            try:
                async with asyncio.timeout(self._options.request_s_max):
                    return await self._get(endpoint)
            except TimeoutError:
                return Absent(Why.SOURCE_SLOW, f"no answer within {self._options.request_s_max:.1f} s")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                return Absent(Why.SOURCE_DOWN, error.__class__.__name__)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _get(self, endpoint: Endpoint) -> bytes | Absent:
        async with self._client().get(
            endpoint.url,
            headers={"Host": endpoint.host},
            server_hostname=endpoint.server_name if endpoint.url.startswith("https:") else None,
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                return Absent(Why.SOURCE_REFUSED, f"HTTP {response.status}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                return Absent(Why.SOURCE_REFUSED, "compressed although it was not asked to")
            body = bytearray()
            async for piece in response.content.iter_chunked(CHUNK_BYTES):
                body += piece
                if len(body) > self._options.body_bytes_max:
                    response.close()
                    return Absent(Why.ANSWER_TOO_LARGE, f"more than {self._options.body_bytes_max} bytes")
            return bytes(body)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._options.concurrent_requests_max),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session
