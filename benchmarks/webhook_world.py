"""What the webhook's benchmark serves and asks: a plan of a hundred services on a thousand nodes, reviews of 20 KB."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heteroscale.ticker.collector import look_seldom
from placement_webhook.edge.placement_judge import PlacementJudge
from placement_webhook.edge.plan_file import PlanFiles
from placement_webhook.edge.recent import RecentAdmissions
from placement_webhook.edge.review import PodReview, read_review, write_answer
from placement_webhook.edge.reviewer import Answer, Reviewer
from placement_webhook.edge.server import MUTATE_PATH, WebhookServer
from placement_webhook.edge.telemetry import Telemetry
from placement_webhook.edge.tls_files import LiveCertificate, TlsFiles
from tests.placement_webhook.edge.plan_text import CLASSES, group, node, nodes_text, plan_text, pod, service_object
from tests.placement_webhook.edge.webhook_world import review

EMPTY_NAME, LEAST_NAME, OURS_NAME = "empty", "reads, echoes uid", "heteroscale"
VARIANTS = (EMPTY_NAME, LEAST_NAME, OURS_NAME)
SERVICES, DOMAINS, NODES_PER_CLASS, GROUPS = 100, 50, 10, 3
REVIEW_BYTES = 20_000
EMPTY = Answer(
    200, b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"allowed":true,"uid":"-"}}'
)

Respond = Callable[[bytes, float, float], Answer]


def write_world(folder: Path) -> tuple[Path, Path]:
    """The plan's file and the nodes'."""
    plan, nodes = folder / "plan.yaml", folder / "nodes.json"
    services = []
    for number in range(SERVICES):
        groups = [group(f"chat-{number}-{n}", f"s2-{(number + n) % DOMAINS}", 2, 6) for n in range(GROUPS)]
        services.append(service_object(f"chat-{number}", *groups))
    plan.write_text(plan_text(*services))
    nodes.write_text(
        nodes_text(
            *(
                node(f"n-{domain}-{name}-{n}", f"s2-{domain}", f"s1-{domain}-{n % 2}", name)
                for domain in range(DOMAINS)
                for name in CLASSES
                for n in range(NODES_PER_CLASS)
            )
        )
    )
    return plan, nodes


def placing(folder: Path, telemetry: Telemetry) -> Respond:
    """The real handler, over the world."""
    files = PlanFiles(*write_world(folder), telemetry.reload_failed)
    files.refresh()
    assert files.snapshot is not None, files.problem
    judge = PlacementJudge(lambda: files.snapshot, RecentAdmissions(), unix_s=time.time)
    reviewer = Reviewer(judge, telemetry, time.monotonic)

    def respond(body: bytes, arrived_s: float, answer_by_s: float) -> Answer:
        return reviewer.answer(body, arrived_s=arrived_s, answer_by_s=answer_by_s)

    probe = json.loads(respond(bodies()[0], time.monotonic(), time.monotonic() + 2).body)
    assert "patch" in probe["response"], probe
    return respond


def least(body: bytes, _arrived_s: float, _answer_by_s: float) -> Answer:
    """The least that an API server accepts: a review is read, and its uid comes back."""
    found = read_review(body)
    assert isinstance(found, PodReview)
    return Answer(200, write_answer(found.uid)[0])


async def serve(variant: str, folder: Path) -> None:
    """Prints the address, and serves until SIGTERM."""
    look_seldom()
    telemetry = Telemetry(version="benchmark")
    certificate = LiveCertificate(
        TlsFiles(certificate=folder / "tls.crt", key=folder / "tls.key"), lambda: telemetry.reload_failed("certificate")
    )
    certificate.refresh()
    respond: Respond = lambda *_: EMPTY  # noqa: E731 - the emptiest handler there is
    if variant == LEAST_NAME:
        respond = least
    elif variant == OURS_NAME:
        respond = placing(folder, telemetry)
    gc.collect()
    gc.freeze()
    server = WebhookServer(
        respond, telemetry, listen="127.0.0.1:0", context=certificate.context, why_not_ready=lambda: ""
    )
    print(await server.start(), flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.drain()


def bodies() -> list[bytes]:
    """One review for each role of each service, filled up with what real pods carry."""
    return [
        json.dumps(review(_filled(pod(f"chat-{number}", role)))).encode()
        for number in range(SERVICES)
        for role in ("prefill", "decode")
    ]


def requests(address: str) -> list[bytes]:
    return [
        b"POST %b?timeout=2s HTTP/1.1\r\nHost: %b\r\nUser-Agent: kube-apiserver-admission\r\n"
        b"Accept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (MUTATE_PATH.encode(), address.encode(), len(body), body)
        for body in bodies()
    ]


def _filled(pod: dict[str, Any]) -> dict[str, Any]:
    environment = [{"name": f"ENGINE_OPTION_{number}", "value": "x" * 40} for number in range(120)]
    empty: dict[str, Any] = {".": {}, "f:name": {}, "f:value": {}}
    fields = {f'k:{{"name":"ENGINE_OPTION_{number}"}}': empty for number in range(120)}
    pod["spec"]["containers"][0]["env"] = environment
    pod["metadata"]["managedFields"] = [{"manager": "kube-controller-manager", "fieldsV1": {"f:spec": fields}}]
    spare = REVIEW_BYTES - len(json.dumps(review(pod)))
    pod["spec"]["containers"][0]["args"] = ["--note=" + "x" * max(0, spare - 20)]
    return pod
