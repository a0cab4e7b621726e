"""A client lean enough to keep a Python server busy from one core: HTTP/1.1 over TLS, requests made beforehand.

It keeps as many connections as an API server does, and looks at nothing but the status and the length of an answer.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence

CONNECTIONS = 16


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._whole = 0
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """The answer's length in bytes, once it is there."""
        self._received.clear()
        self._whole = 0
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._whole and (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:end]).lower()
            assert head.startswith(b"http/1.1 200 "), head
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._whole = end + 4 + int(length)
        if self._whole and len(self._received) >= self._whole and self._answered is not None:
            self._answered.set_result(self._whole)
            self._answered = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None:
            self._answered.set_exception(ConnectionError(f"closed before it answered: {exc}"))

    def close(self) -> None:
        self._transport.close()


async def connect(host: str, port: int, ca_pem: str, number: int) -> list[Connection]:
    context = ssl.create_default_context(cadata=ca_pem)
    loop = asyncio.get_running_loop()
    pairs = [
        await loop.create_connection(Connection, host, port, ssl=context, server_hostname="localhost")
        for _ in range(number)
    ]
    return [connection for _, connection in pairs]


async def saturate(connections: Sequence[Connection], requests: Sequence[bytes], seconds: float) -> float:
    """Each connection asks again as soon as it is answered; answers a second over all of them."""
    ends_at_s = time.perf_counter() + seconds

    async def one(connection: Connection, start: int) -> int:
        answered = 0
        while time.perf_counter() < ends_at_s:
            await connection.ask(requests[(start + answered) % len(requests)])
            answered += 1
        return answered

    began_s = time.perf_counter()
    counts = await asyncio.gather(*(one(connection, 7 * n) for n, connection in enumerate(connections)))
    return sum(counts) / (time.perf_counter() - began_s)


async def arrive(
    connections: Sequence[Connection], requests: Sequence[bytes], rate: int, seconds: float
) -> list[float]:
    """Even arrivals whatever the server does: seconds from the moment each was due to its answer, sorted."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        idle.put_nowait(connection)
    latencies_s: list[float] = []

    async def one(due_s: float, request: bytes) -> None:
        connection = await idle.get()
        await connection.ask(request)
        latencies_s.append(time.perf_counter() - due_s)
        idle.put_nowait(connection)

    began_s = time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()
    for number in range(int(rate * seconds)):
        due_s = began_s + number / rate
        if (ahead_s := due_s - time.perf_counter()) > 0:
            await asyncio.sleep(ahead_s)
        task = asyncio.create_task(one(due_s, requests[number % len(requests)]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return sorted(latencies_s)
