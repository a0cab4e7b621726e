"""The running webhook: its edges wired to each other, started in order and stopped in the opposite one.

It must never know a rule of placement.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from heteroscale.command.main import program_version
from heteroscale.command.serve_options import UnusableOptions
from heteroscale.command.webhook_options import OwnCertificates, WebhookSettings
from heteroscale.ticker.collector import look_seldom
from placement_webhook.edge.certificate_keeper import keep_certificates
from placement_webhook.edge.placement_judge import PlacementJudge
from placement_webhook.edge.plan_file import PlanFiles
from placement_webhook.edge.probes import ProbeServer
from placement_webhook.edge.recent import RecentAdmissions
from placement_webhook.edge.reviewer import Answer, Reviewer
from placement_webhook.edge.rotation import Lifetimes
from placement_webhook.edge.server import WebhookServer
from placement_webhook.edge.telemetry import Telemetry
from placement_webhook.edge.tls_files import LiveCertificate

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0  # at files; the kubelet takes a minute to change them
LIFETIMES = Lifetimes()


class Webhook:
    """Everything that answers, and everything that has to be looked at every now and then."""

    def __init__(self, settings: WebhookSettings) -> None:
        self.telemetry = Telemetry(version=program_version())
        self.recent = RecentAdmissions()
        self.files = PlanFiles(settings.plan, settings.nodes, self.telemetry.reload_failed)
        self.certificate = LiveCertificate(settings.tls, lambda: self.telemetry.reload_failed("certificate"))
        judge = PlacementJudge(lambda: self.files.snapshot, self.recent, unix_s=time.time)
        self._reviewer = Reviewer(judge, self.telemetry, time.monotonic)
        self._own = settings.own
        self._synced = False
        self.server = WebhookServer(
            self._respond,
            self.telemetry,
            listen=settings.listen,
            context=self.certificate.context,
            why_not_ready=self.why_not_ready,
        )
        self._watch()

    def why_not_ready(self) -> str:
        """Empty from the moment everything has been read once, whatever the files hold later."""
        problems = [f"certificate: {self.certificate.problem}"] if not self.certificate.loaded else []
        return "; ".join([*problems, *filter(None, [self.files.problem])])

    def look(self) -> None:
        """At every file, in a thread: reading a large list takes seconds. Never raises."""
        for part in (self._rotate, self.certificate.refresh, self.files.refresh):
            try:
                part()
            except Exception:
                log.exception("looking at files")

    async def go_on_looking(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await asyncio.to_thread(self.look)
            self.settle()

    def settle(self) -> None:
        """Once all has been read, it need not be looked through for garbage: that would hold up reviews."""
        if not self._synced and self.files.snapshot is not None:
            self._synced = True
            gc.collect()
            gc.freeze()

    def _respond(self, body: bytes, arrived_s: float, answer_by_s: float) -> Answer:
        return self._reviewer.answer(body, arrived_s=arrived_s, answer_by_s=answer_by_s)

    def _rotate(self) -> None:
        own = self._own
        if own is not None:
            rotate(own)

    def _watch(self) -> None:
        gauges: dict[str, tuple[str, Callable[[], float]]] = {
            "plan_age_seconds": ("Time since the plan in use was written; 0 without one.", self._plan_age_s),
            "nodes": ("Nodes known.", self._node_count),
            "services": ("Services in the plan in use.", self._service_count),
            "certificate_expiry_timestamp_seconds": ("When it expires; 0 without one.", self._certificate_until_unix_s),
            "recent_admissions": ("Own admissions still counted.", lambda: float(len(self.recent))),
            "reviews_being_read": ("Requests whose body is on its way.", lambda: float(self.server.reviews_being_read)),
            "open_connections": ("From API servers.", lambda: float(self.server.open_connections)),
        }
        for name, (words, value) in gauges.items():
            self.telemetry.watch(name, words, value)

    def _plan_age_s(self) -> float:
        snapshot = self.files.snapshot
        return 0.0 if snapshot is None else max(0.0, time.time() - snapshot.planned_unix_s)

    def _node_count(self) -> float:
        return 0.0 if self.files.snapshot is None else float(len(self.files.snapshot.nodes.names))

    def _service_count(self) -> float:
        return 0.0 if self.files.snapshot is None else float(len(self.files.snapshot.view.services))

    def _certificate_until_unix_s(self) -> float:
        return self.certificate.until_unix_s


def rotate(own: OwnCertificates) -> None:
    """Take the steps that are due, and say so. Raises OSError."""
    _, steps = keep_certificates(own.folder, own.names, time.time(), LIFETIMES)
    for step in steps:
        log.info("certificates: %s (bundle for caBundle: %s)", step, own.folder.current / "ca.crt")


async def serve(settings: WebhookSettings) -> None:
    """Runs until SIGTERM or SIGINT, then drains. Raises UnusableOptions where it cannot start."""
    look_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    webhook = Webhook(settings)
    await asyncio.to_thread(webhook.look)
    webhook.settle()
    async with AsyncExitStack() as stack:
        await _listen(webhook, settings, stack)
        if why_not := webhook.why_not_ready():
            log.warning("not ready: %s", why_not)
        looking = asyncio.create_task(webhook.go_on_looking())
        await stop.wait()
        log.info("stopping: new connections are refused in %g s", settings.drain_s)
        looking.cancel()
        await asyncio.wait([looking])
    log.info("stopped")


async def _listen(webhook: Webhook, settings: WebhookSettings, stack: AsyncExitStack) -> None:
    if settings.http is not None:
        probes = ProbeServer(webhook.telemetry, listen=settings.http, why_not_ready=webhook.why_not_ready)
        stack.push_async_callback(probes.drain)  # outlives the other, so that the last reviews can be counted
        try:
            log.info("metrics and probes on http://%s/", await probes.start())
        except OSError as error:
            raise UnusableOptions(
                f"--http {settings.http}: {error.strerror}; name a free address of this machine"
            ) from error
    try:
        address = await webhook.server.start()
    except OSError as error:
        raise UnusableOptions(
            f"--listen {settings.listen}: {error.strerror}; name a free address of this machine"
        ) from error
    stack.push_async_callback(webhook.server.drain, settings.drain_s)
    log.info("answering admission reviews on https://%s/mutate/v1/pods", address)
