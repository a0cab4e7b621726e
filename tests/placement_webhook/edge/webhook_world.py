"""A webhook server on loopback with TLS, whose judge a test supplies, and a client that believes its authority."""

from __future__ import annotations

import base64
import io
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jsonpatch

from placement_webhook.edge.reviewer import Answer, Judge, Reviewer
from placement_webhook.edge.server import LIMITS, ServerLimits, WebhookServer
from placement_webhook.edge.telemetry import Telemetry
from placement_webhook.edge.tls_files import LiveCertificate, TlsFiles
from placement_webhook.edge.verdict import Admission, Result, Verdict
from tests.contract.certificate_files import Authority

POD: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "chat-", "labels": {"app": "chat"}},
    "spec": {"containers": [{"name": "engine", "image": "vllm"}], "aFieldOfTomorrow": {"kept": True}},
}
PATCH = ({"op": "add", "path": "/metadata/annotations", "value": {"heteroscale.dev/placement": "7"}},)


def review(pod: object = POD, **request: Any) -> dict[str, Any]:
    """An AdmissionReview of a pod's creation; `request` replaces its fields."""
    body: dict[str, Any] = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "operation": "CREATE",
        "namespace": "llm",
        "object": pod,
        "dryRun": False,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": body | request}


def patch_in(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The operations of an answer, after checking that it is one the API server takes; none without a patch."""
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response = answer["response"]
    assert response["allowed"] is True
    assert ("patch" in response) == ("patchType" in response)
    if "patch" not in response:
        return []
    assert response["patchType"] == "JSONPatch"
    operations: list[dict[str, Any]] = json.loads(base64.b64decode(response["patch"]))
    assert operations, "an empty patch is left out"
    return operations


def patched(pod: Mapping[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """The pod as an independent engine makes it."""
    after: dict[str, Any] = jsonpatch.apply_patch(dict(pod), json.dumps(patch))
    return after


class FakeJudge:
    """Answers one verdict, or raises, and remembers what it was asked to remember."""

    def __init__(self, verdict: Verdict | Exception | None = None) -> None:
        placed = Verdict(result=Result.APPLIED, reason="placed", patch=PATCH)
        self.verdict = placed if verdict is None else verdict
        self.remembered: list[Admission] = []
        self.before_answering: Callable[[], None] = lambda: None

    def judge(self, pod: Mapping[str, Any], namespace: str, now_s: float) -> Verdict:
        self.before_answering()
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict

    def remember(self, admission: Admission, now_s: float) -> None:
        self.remembered.append(admission)


class Served:
    """A running server, and its client."""

    def __init__(self, address: str, telemetry: Telemetry, session: aiohttp.ClientSession, folder: Path) -> None:
        self.address = address
        self.telemetry = telemetry
        self.session = session
        self.folder = folder
        self.server: WebhookServer
        self.certificate: LiveCertificate
        self.not_ready = ""

    @property
    def host_port(self) -> tuple[str, int]:
        host, _, port = self.address.rpartition(":")
        return host, int(port)

    async def post(self, body: object, query: str = "?timeout=2s", **arguments: Any) -> tuple[int, Any]:
        """Status, and the body as JSON (200) or text."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"https://{self.address}/mutate/v1/pods{query}"
        async with self.session.post(
            url, data=io.BytesIO(data), headers={"Content-Type": "application/json"}, **arguments
        ) as answer:
            return answer.status, await (answer.json() if answer.status == 200 else answer.text())

    def counted(self, name: str, **labels: str) -> float:
        value = self.telemetry.registry.get_sample_value(f"heteroscale_webhook_{name}", labels)
        return 0.0 if value is None else value

    def reviews(self, result: str, reason: str) -> float:
        return self.counted("reviews_total", result=result, reason=reason)


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem.decode())


@asynccontextmanager
async def served(
    folder: Path,
    judge: Judge | None = None,
    *,
    respond: Callable[[bytes, float, float], Answer] | None = None,
    limits: ServerLimits = LIMITS,
    authority: Authority | None = None,
) -> AsyncIterator[Served]:
    """The server with this judge (placing everything where none is given)."""
    authority = authority or Authority()
    telemetry = Telemetry(version="1.2.3")
    certificate, key = authority.leaf().write(folder, "tls")
    live = LiveCertificate(TlsFiles(certificate=certificate, key=key), lambda: telemetry.reload_failed("certificate"))
    live.refresh()
    reviewer = Reviewer(judge or FakeJudge(), telemetry, time.monotonic)

    def answer(body: bytes, arrived_s: float, answer_by_s: float) -> Answer:
        return reviewer.answer(body, arrived_s=arrived_s, answer_by_s=answer_by_s)

    state: list[Served] = []
    server = WebhookServer(
        respond or answer,
        telemetry,
        listen="127.0.0.1:0",
        context=live.context,
        why_not_ready=lambda: state[0].not_ready,
        limits=limits,
    )
    address = await server.start()
    try:
        connector = aiohttp.TCPConnector(ssl=trusting(authority))
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10)) as session:
            state.append(Served(address, telemetry, session, folder))
            state[0].server, state[0].certificate = server, live
            yield state[0]
    finally:
        await server.drain()
