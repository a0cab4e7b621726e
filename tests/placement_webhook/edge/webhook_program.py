"""`heteroscale webhook` as a process of its own, on free ports of loopback; killed by its process id at the end."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.command.running_program import PATIENCE_S, ROOT, eventually
from tests.contract.certificate_files import Authority
from tests.placement_webhook.edge.webhook_world import patch_in, review


class WebhookProgram:
    """Its files lie in `folder`: plan.yaml, nodes.json, and a certificate unless the program makes its own."""

    def __init__(self, folder: Path, *arguments: str, own: bool = False) -> None:
        self.folder = folder
        self.plan, self.nodes = folder / "plan.yaml", folder / "nodes.json"
        self.lines: list[str] = []
        self._authority = None if own else Authority()
        tls: tuple[str, ...] = ("--tls-own", str(folder / "own"))
        if self._authority is not None:
            certificate, key = self._authority.leaf().write(folder, "tls")
            tls = ("--tls-cert", str(certificate), "--tls-key", str(key))
        files = ("--plan", str(self.plan), "--nodes", str(self.nodes))
        addresses = ("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--drain", "1s")
        self._arguments = (*files, *addresses, *tls, *arguments)

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "heteroscale", "webhook", *self._arguments, cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        self._reading = asyncio.create_task(self._read())
        try:
            self.https = (await self.said(r"(https://[\d.:]+)/mutate"))[1]
            self.http = (await self.said(r"(http://[\d.:]+)/"))[1]
        except BaseException:
            self.process.kill()  # nobody leaves what was never entered
            raise
        bundle = self.folder / "own/current/ca.crt"
        pem = bundle.read_text() if self._authority is None else self._authority.pem.decode()
        context = ssl.create_default_context(cadata=pem)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context), timeout=aiohttp.ClientTimeout(total=10)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading

    async def admit(self, pod: dict[str, Any], **request: Any) -> list[dict[str, Any]]:
        """The patch; empty without one. Fails unless the pod is allowed."""
        async with self.session.post(
            f"{self.https}/mutate/v1/pods?timeout=2s", data=json.dumps(review(pod, **request))
        ) as answer:
            assert answer.status == 200
            return patch_in(await answer.json())

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(f"{self.http}{path}") as answer:
            return answer.status, await answer.text()

    async def metric(self, name: str) -> float:
        """Of a whole name, with its labels as they are printed; 0 while there is no such series."""
        _, text = await self.get("/metrics")
        found = re.search(rf"^heteroscale_webhook_{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

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
