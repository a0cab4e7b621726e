"""A load client lean enough to keep a Python server busy from one core: HTTP/2 frames over a bare socket.

A grpc client in Python costs as much a call as the server does, so that all servers would look alike. This one sends
requests made beforehand and looks at nothing but what counts: each stream must bring a message and end. Frames are
described in RFC 9113, header fields without a table in RFC 7541 section 6.2.2.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator, Sequence

from scaler.wire import externalscaler_pb2 as wire

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
WINDOW = 2**30


class Client:
    """One connection, on which one method is called."""

    def __init__(self, address: str, method: str, messages: Sequence[bytes]) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = _header_block(address, method)
        self._messages = [b"\x00" + struct.pack(">I", len(message)) + message for message in messages]
        self._stream = 1
        self._sent = 0
        self._received = bytearray()
        window = _frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW - 65_535))
        initial = struct.pack(">HI", 4, WINDOW)  # SETTINGS_INITIAL_WINDOW_SIZE
        self._socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(SETTINGS, 0, 0, initial) + window)

    def call(self, *, in_flight: int, seconds: float) -> tuple[float, int]:
        """Call over and over; returns calls per second and how many were answered, each with a message."""
        started = time.perf_counter()
        self.send(in_flight)
        done, messages = 0, 0
        while time.perf_counter() - started < seconds:
            ended = 0
            for kind, flags, payload in self._frames():
                if kind == DATA:
                    messages += 1
                    assert len(payload) > 5, "an answer without a message"
                ended += kind in {DATA, HEADERS} and bool(flags & END_STREAM)
            done += ended
            self.send(ended)
        assert abs(messages - done) <= in_flight, f"{done} calls ended, {messages} with a message"
        return done / (time.perf_counter() - started), done

    def send(self, calls: int) -> None:
        """Start that many calls."""
        if calls:
            self._socket.sendall(b"".join(self._request() for _ in range(calls)))

    def await_messages(self, count: int) -> float:
        """Wait for that many messages on any streams; returns the monotonic time of the last, in seconds."""
        while count > 0:
            count -= sum(kind == DATA for kind, _, _ in self._frames())
        return time.monotonic()

    def _request(self) -> bytes:
        stream, self._stream = self._stream, self._stream + 2
        message = self._messages[self._sent % len(self._messages)]
        self._sent += 1
        return _frame(HEADERS, END_HEADERS, stream, self._headers) + _frame(DATA, END_STREAM, stream, message)

    def _frames(self) -> Iterator[tuple[int, int, bytes]]:
        """The frames that arrived, after answering those that are about the connection."""
        chunk = self._socket.recv(262_144)
        assert chunk, "the server closed the connection"
        self._received += chunk
        at = 0
        while len(self._received) - at >= 9:
            length = int.from_bytes(self._received[at : at + 3], "big")
            if len(self._received) - at < 9 + length:
                break
            kind, flags = self._received[at + 3], self._received[at + 4]
            payload = bytes(self._received[at + 9 : at + 9 + length])
            at += 9 + length
            if kind in {SETTINGS, PING} and not flags & ACK:
                self._socket.sendall(_frame(kind, ACK, 0, payload if kind == PING else b""))
            assert kind not in {RST_STREAM, GOAWAY}, f"the server gave up: frame {kind}, {payload!r}"
            yield kind, flags, payload
        del self._received[:at]


def references(services: int) -> list[wire.ScaledObjectRef]:
    """What KEDA sends for both roles of each service of the benchmarks' board."""
    return [
        wire.ScaledObjectRef(
            name=f"chat-{number}-{role}",
            namespace="llm",
            scalerMetadata={"scalerAddress": "heteroscale.heteroscale:6000", "service": f"chat-{number}", "role": role},
        )
        for number in range(services)
        for role in ("prefill", "decode")
    ]


def _header_block(authority: str, method: str) -> bytes:
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": f"/externalscaler.ExternalScaler/{method}",
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
        "user-agent": "grpc-go/1.81.0",
    }
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields.items())


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")  # all shorter than 127, so one byte of length


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
