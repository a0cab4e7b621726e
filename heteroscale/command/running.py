"""The running program: every edge wired to the others, started in order and stopped in the opposite one.

It must never know a rule; what it knows is who needs whom, and what to do when a signal arrives.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from disaggregated_service.core.signals_spec import SignalSource
from heteroscale.command.main import program_version
from heteroscale.command.servable import servable
from heteroscale.command.serve_options import ServeSettings, UnusableOptions
from heteroscale.ticker.catalogue import Catalogue, open_catalogue
from heteroscale.ticker.clockwork import Clockwork
from heteroscale.ticker.collector import look_seldom
from heteroscale.ticker.round_metrics import RoundMetrics
from heteroscale.ticker.source_by_spec import SourceBySpec
from heteroscale.ticker.ticker import Ticker
from scaler.edge.board import Board
from scaler.edge.http import HttpServer
from scaler.edge.keda_server import CannotListen, KedaServer, KedaServerSettings
from scaler.edge.ledger import Ledger
from scaler.edge.prometheus_source import PrometheusSource
from scaler.edge.scrape_options import ScrapeOptions
from scaler.edge.scrape_source import ScrapeSource
from scaler.edge.signal_source import Instant, Source
from scaler.edge.state_file import StateFile, StateInUse
from scaler.edge.telemetry import Telemetry
from scaler.edge.tls import Certificates

log = logging.getLogger(__name__)

GRACE_S = 10.0  # for calls under way; Kubernetes grants 30 s before it kills


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    board: Board
    telemetry: Telemetry
    catalogue: Catalogue
    ledger: Ledger | None


async def serve(settings: ServeSettings) -> None:
    """Runs until SIGTERM or SIGINT, then drains. Raises UnusableOptions or InvalidServices where it cannot start."""
    look_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        memory = _remembered(settings, stack)
        clockwork = _clockwork(settings, memory, stack)
        await _listen(settings, memory, stack)
        running = asyncio.create_task(clockwork.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running  # it never ends by itself: this raises what ended it
        log.info("stopping: no more ticks, streams end, calls under way have %g s", GRACE_S)
        running.cancel()
        await asyncio.wait([running])
    log.info("stopped")


def _remembered(settings: ServeSettings, stack: AsyncExitStack) -> _Memory:
    board = Board(interval_s=settings.interval_s, now_s=time.monotonic)
    telemetry = Telemetry(board, version=program_version())
    check = servable(
        scrape_interval_s=settings.scrape_interval_s,
        interval_s=settings.interval_s,
        has_prometheus=settings.prometheus is not None,
    )
    catalogue = open_catalogue(settings.services, check, telemetry)
    known = {service.key for service in catalogue.services}
    for key in settings.current.keys() - known:
        raise UnusableOptions(f"--current {key}: no such service in {settings.services}; mend the name or leave it out")
    if not known:
        log.warning("%s holds no service yet", settings.services)
    ledger = _ledger(settings)
    if ledger is not None:
        stack.callback(ledger.close)
    return _Memory(board=board, telemetry=telemetry, catalogue=catalogue, ledger=ledger)


def _ledger(settings: ServeSettings) -> Ledger | None:
    path = settings.state
    if path is None:
        log.warning("no --state: after a restart nothing is known, and replicas are counted for a window")
        return None
    try:
        ledger = Ledger.open(StateFile(path), _instant())
    except StateInUse as error:
        raise UnusableOptions(f"--state: {error}; give each process a file of its own") from error
    except OSError as error:
        raise UnusableOptions(
            f"--state {path}: {error.strerror}; name a file that can be read and written, in a folder that exists"
        ) from error
    for message in ledger.messages:
        log.error("%s", message)
    return ledger


def _clockwork(settings: ServeSettings, memory: _Memory, stack: AsyncExitStack) -> Clockwork:
    scraper = ScrapeSource(ScrapeOptions(interval_s=settings.scrape_interval_s))
    sources: dict[SignalSource, Source] = {SignalSource.SCRAPE: scraper}
    if settings.prometheus is not None:
        sources[SignalSource.PROMETHEUS] = PrometheusSource(settings.prometheus)
    source = SourceBySpec(sources)
    stack.push_async_callback(source.close)
    ticker = Ticker(
        source=source,
        board=memory.board,
        ledger=memory.ledger,
        interval_s=settings.interval_s,
        current=settings.current,
        observer=memory.telemetry,
    )
    return Clockwork(
        ticker=ticker,
        catalogue=memory.catalogue,
        scraper=scraper,
        interval_s=settings.interval_s,
        observer=RoundMetrics(memory.telemetry, memory.board, interval_s=settings.interval_s, now_s=time.monotonic),
        instant=_instant,
    )


async def _listen(settings: ServeSettings, memory: _Memory, stack: AsyncExitStack) -> None:
    certificates = None
    if settings.tls is not None:
        certificates = Certificates(settings.tls, memory.telemetry.certificate_failed)
    keda = KedaServer(memory.board, KedaServerSettings(listen=settings.listen), memory.telemetry, certificates)
    pages = HttpServer(
        memory.board, memory.telemetry, listen=settings.http, why_not_ready=keda.why_not_ready, unix_s=time.time
    )
    stack.push_async_callback(pages.drain)  # outlives the gRPC server, so that probes see it drain
    try:
        address = await pages.start()
    except OSError as error:
        raise UnusableOptions(
            f"--http {settings.http}: {error.strerror}; name a free address of this machine"
        ) from error
    stack.push_async_callback(keda.drain, GRACE_S)
    try:
        await keda.start()
    except CannotListen as error:
        raise UnusableOptions(f"--listen: {error}; name a free one") from error
    log.info("page, metrics and JSON on http://%s/", address)


def _instant() -> Instant:
    return Instant(now_s=time.monotonic(), unix_s=time.time())
