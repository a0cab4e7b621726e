"""Which addresses a service's endpoints stand for now: URLs as they are, or every address of a DNS name.

It knows names and addresses, never what is read there.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host name, for a port. Raises OSError when the name cannot be resolved."""

DNS_PREFIX = "dns+"
ADDRESSES_MAX = 1024


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One replica's metrics. url names an address; host is what the server expects to be called."""

    url: str
    host: str
    server_name: str


@dataclass(slots=True)
class _Answer:
    addresses: tuple[str, ...]
    at_s: float


class Endpoints:
    """Resolves, and keeps a name's last good answer for a while when DNS fails."""

    def __init__(self, resolve: Resolve, *, kept_s: float, lookup_s_max: float) -> None:
        self._resolve = resolve
        self._kept_s = kept_s
        self._lookup_s_max = lookup_s_max
        self._answers: dict[tuple[str, int], _Answer] = {}

    async def of(self, urls: Sequence[str], now_s: float) -> tuple[Endpoint, ...]:
        """The replicas behind the URLs, each once, in order of their URLs. Nobody is behind one that is no URL."""
        found = await asyncio.gather(*(self._one(url, now_s) for url in urls))
        return tuple(sorted({endpoint.url: endpoint for its in found for endpoint in its}.values()))

    async def _one(self, url: str, now_s: float) -> Iterable[Endpoint]:
        try:
            urlsplit(url).port  # noqa: B018 - reading it is what checks it
        except ValueError:
            return ()
        if not url.startswith(DNS_PREFIX):
            parts = urlsplit(url)
            return (Endpoint(url, parts.netloc, parts.hostname or ""),)
        parts = urlsplit(url.removeprefix(DNS_PREFIX))
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        return [_at(address, port, parts) for address in await self._addresses(host, port, now_s)]

    async def _addresses(self, host: str, port: int, now_s: float) -> tuple[str, ...]:
        try:
            found = await asyncio.wait_for(self._resolve(host, port), self._lookup_s_max)
        except (OSError, TimeoutError, UnicodeError):
            known = self._answers.get((host, port))
            return known.addresses if known is not None and now_s - known.at_s <= self._kept_s else ()
        addresses = one_family(found)[:ADDRESSES_MAX]
        self._answers[host, port] = _Answer(addresses, now_s)
        return addresses


def one_family(addresses: Iterable[str]) -> tuple[str, ...]:
    """IPv4 addresses where there are any, else IPv6: a dual-stack pod has one of each and is one replica."""
    known = sorted({ip_address(address) for address in addresses}, key=lambda one: (one.version, int(one)))
    return tuple(str(address) for address in known if address.version == known[0].version)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Asks the system's resolver, off the event loop."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]).partition("%")[0] for *_, address in found]


def _at(address: str, port: int, parts: SplitResult) -> Endpoint:
    host = f"[{address}]" if ":" in address else address
    url = parts._replace(netloc=f"{host}:{port}").geturl()
    return Endpoint(url, parts.netloc, parts.hostname or "")
