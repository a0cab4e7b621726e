"""Drives the ticker and the scraping, each on its own schedule, whatever happens inside a round.

The one broad `except` around a tick is here: a round that failed is logged and counted, and the board ages until
another succeeds. It must never know what a round does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import SignalSource
from heteroscale.ticker.catalogue import Catalogue
from heteroscale.ticker.schedule import on_schedule
from heteroscale.ticker.ticker import Ticker
from scaler.edge.signal_source import Instant

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]


class Scraper(Protocol):
    """A source whose samples we collect ourselves."""

    @property
    def scrape_interval_s(self) -> float: ...

    async def scrape(self, services: Sequence[DisaggregatedService], instant: Instant) -> None: ...


class RoundObserver(Protocol):
    """Who counts rounds. duration_s: from gathering to publishing."""

    def round_finished(self, duration_s: float) -> None: ...

    def round_failed(self) -> None: ...

    def rounds_missed(self, rounds: int) -> None: ...

    def services_read(self, faults: Sequence[Fault]) -> None: ...


class Clockwork:
    """`run` until it is cancelled. `instant` reads both clocks; `sleep` waits for seconds of the monotonic one."""

    def __init__(
        self,
        *,
        ticker: Ticker,
        catalogue: Catalogue,
        scraper: Scraper,
        interval_s: float,
        observer: RoundObserver,
        instant: Callable[[], Instant],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._ticker = ticker
        self._catalogue = catalogue
        self._scraper = scraper
        self._interval_s = interval_s
        self._observer = observer
        self._instant = instant
        self._sleep = sleep

    async def run(self) -> None:
        """Scrapes once, so that the first tick sees something, then goes on with both."""
        await self.scrape()
        async with asyncio.TaskGroup() as rounds:
            rounds.create_task(self._again(self.tick, self._interval_s, self._missed))
            interval_s = self._scraper.scrape_interval_s
            await self._sleep(interval_s)
            rounds.create_task(self._again(self.scrape, interval_s, lambda _: None))  # old samples show by their age

    async def tick(self) -> None:
        """One round; its failure is said and counted, never raised."""
        begun_s = self._instant().now_s
        try:
            await self._catalogue.refresh()
            self._observer.services_read(self._catalogue.faults)
            await self._ticker.tick(self._catalogue.services, self._instant())
            self._observer.round_finished(self._instant().now_s - begun_s)
        except Exception:
            log.exception("a tick failed; what was decided before it ages")
            self._observer.round_failed()

    async def scrape(self) -> None:
        """One reading of all replicas of the services that we scrape ourselves."""
        services = [service for service in self._catalogue.services if _is_scraped(service)]
        try:
            await self._scraper.scrape(services, self._instant())
        except Exception:
            log.exception("scraping failed; samples age")
            self._observer.round_failed()

    async def _again(
        self, act: Callable[[], Awaitable[None]], interval_s: float, missed: Callable[[int], None]
    ) -> None:
        await on_schedule(
            act, interval_s=interval_s, now_s=lambda: self._instant().now_s, sleep=self._sleep, missed=missed
        )

    def _missed(self, rounds: int) -> None:
        log.warning("a tick took longer than the interval of %g s; %d left out", self._interval_s, rounds)
        self._observer.rounds_missed(rounds)


def _is_scraped(service: DisaggregatedService) -> bool:
    return service.spec.signals is not None and service.spec.signals.source is SignalSource.SCRAPE
