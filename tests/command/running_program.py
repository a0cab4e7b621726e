"""`heteroscale serve` as a process of its own, on free ports of loopback; killed by its process id at the end."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc

from scaler.wire import externalscaler_pb2 as wire
from scaler.wire import externalscaler_pb2_grpc as wire_grpc

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


async def run_command(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of a command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "heteroscale",
        *map(str, arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return process.returncode or 0, output.decode(), errors.decode()


class Program:
    """`async with Program("--services", ...) as program`; every line of its log is kept."""

    def __init__(self, *arguments: str | Path) -> None:
        self._arguments = [str(argument) for argument in arguments]
        self.lines: list[str] = []
        self.keda = self.http = ""

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "heteroscale", "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"),
            *self._arguments,
            cwd=ROOT,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())
        try:
            self.keda = (await self.said(r"answering KEDA on ([\d.:]+)"))[1]
            self.http = (await self.said(r"(http://[\d.:]+)/"))[1]
        except BaseException:
            self.process.kill()  # nobody leaves what was never entered
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading

    async def said(self, pattern: str) -> re.Match[str]:
        """The first line of the log in which the pattern is found."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found.extend(match for line in self.lines if (match := re.search(pattern, line)))
            return bool(found)

        await eventually(look, lambda: f"{pattern!r} in\n" + "\n".join(self.lines))
        return found[0]

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode().rstrip())


async def eventually(true: Callable[[], bool], what: Callable[[], str]) -> None:
    """Waits for what only real time brings."""
    ends_at_s = asyncio.get_running_loop().time() + PATIENCE_S
    while not true():
        assert asyncio.get_running_loop().time() < ends_at_s, f"not within {PATIENCE_S:g} s: {what()}"
        await asyncio.sleep(0.05)


class Keda:
    """KEDA's calls for one service, over one channel."""

    def __init__(self, address: str, namespace: str, name: str) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
        self._stub = wire_grpc.ExternalScalerStub(self._channel)
        self._namespace, self._name = namespace, name

    def reference(self, role: str) -> wire.ScaledObjectRef:
        metadata = {"scalerAddress": "h:1", "service": self._name, "role": role}
        return wire.ScaledObjectRef(name=f"{self._name}-{role}", namespace=self._namespace, scalerMetadata=metadata)

    async def asks(self, role: str) -> int | grpc.StatusCode:
        """The published count, or the status."""
        request = wire.GetMetricsRequest(scaledObjectRef=self.reference(role), metricName="desired-replicas")
        try:
            answer = await self._stub.GetMetrics(request, timeout=5)
        except grpc.aio.AioRpcError as error:
            return error.code()
        (value,) = answer.metricValues
        return int(value.metricValue)

    async def decided(self, role: str) -> int:
        """Asks until there is a number."""
        ends_at_s = asyncio.get_running_loop().time() + PATIENCE_S
        while not isinstance(count := await self.asks(role), int):
            assert asyncio.get_running_loop().time() < ends_at_s, count
            await asyncio.sleep(0.1)
        return count

    def stream(self, role: str) -> grpc.aio.UnaryStreamCall[wire.ScaledObjectRef, wire.IsActiveResponse]:
        return self._stub.StreamIsActive(self.reference(role))

    async def close(self) -> None:
        await self._channel.close()
