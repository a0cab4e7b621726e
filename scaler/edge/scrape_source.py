"""The `scrape` source: reads the replicas' own `/metrics` on our clock, and needs no Prometheus.

Two acts: `scrape` talks and fills windows, `observe` computes from them without any I/O. Whoever owns the clock calls
the first every `scrape_interval_s`. A service's selectors are not used: whoever is listed or resolved is the pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import Engine
from scaler.core.observation import Absent, Signals, Why
from scaler.edge.assembly import assemble
from scaler.edge.engines.choice import PRESETS
from scaler.edge.engines.preset import Place
from scaler.edge.exposition import Exposition, Malformed
from scaler.edge.scrape_endpoints import Endpoint, Endpoints, Resolve, resolve
from scaler.edge.scrape_fetch import Fetcher
from scaler.edge.scrape_options import ScrapeOptions
from scaler.edge.scrape_samples import Pool, ScrapeSamples
from scaler.edge.scrape_window import ReplicaWindow
from scaler.edge.signal_source import Instant

DEFAULTS = ScrapeOptions()


class ScrapeSource:
    """Implements `scaler.edge.signal_source.Source`."""

    def __init__(self, options: ScrapeOptions = DEFAULTS, *, resolver: Resolve = resolve) -> None:
        self._options = options
        self._fetcher = Fetcher(options)
        self._endpoints = Endpoints(resolver, kept_s=options.dns_kept_s, lookup_s_max=options.request_s_max)
        self._expositions: dict[tuple[Engine, Place], Exposition] = {}
        self._pools: dict[tuple[ServiceKey, Place], Pool] = {}
        self._scraping = asyncio.Lock()

    @property
    def scrape_interval_s(self) -> float:
        return self._options.interval_s

    async def scrape(self, services: Sequence[DisaggregatedService], instant: Instant) -> None:
        """Reads every replica of every service once; all samples bear the instant. Bounded in time per replica.

        Replicas that vanished from the endpoints, and services that vanished from the list, are forgotten.
        """
        async with self._scraping:
            places = [(service, place) for service in services for place in _places(service)]
            wanted = {(service.key, place) for service, place in places}
            self._pools = {at: pool for at, pool in self._pools.items() if at in wanted}
            await asyncio.gather(*(self._place(service, place, instant.now_s) for service, place in places))

    async def observe(
        self,
        services: Sequence[DisaggregatedService],
        instant: Instant,
        *,
        deadline_s: float,  # noqa: ARG002 - nothing is waited for
    ) -> Mapping[ServiceKey, Signals]:
        """Signals from what was scraped before; a service that was never scraped is left out."""
        observed: dict[ServiceKey, Signals] = {}
        for service in services:
            signals = service.spec.signals
            pools = {
                place: self._pools[service.key, place]
                for place in _places(service)
                if (service.key, place) in self._pools
            }
            if signals is not None and {Place.PREFILL, Place.DECODE} <= pools.keys():
                observed[service.key] = assemble(service, ScrapeSamples(service, signals, pools, instant.now_s))
        return observed

    async def close(self) -> None:
        await self._fetcher.close()

    async def _place(self, service: DisaggregatedService, place: Place, now_s: float) -> None:
        endpoints = await self._endpoints.of(_urls(service, place), now_s)
        pool = self._pools.setdefault((service.key, place), Pool())
        known = {endpoint.url for endpoint in endpoints}
        pool.windows = {url: pool.windows.get(url) or ReplicaWindow() for url in sorted(known)}
        pool.trouble = {url: absent for url, absent in pool.trouble.items() if url in known}
        exposition = self._exposition(service, place)
        window_s = service.spec.signals.window_s if service.spec.signals else 0.0
        await asyncio.gather(*(self._replica(pool, endpoint, exposition, now_s, window_s) for endpoint in endpoints))

    async def _replica(
        self, pool: Pool, endpoint: Endpoint, exposition: Exposition, now_s: float, window_s: float
    ) -> None:
        body = await self._fetcher.get(endpoint)
        if isinstance(body, Absent):
            pool.trouble[endpoint.url] = body
            return
        try:
            values = exposition.read(body, series_max=self._options.series_max)
        except Malformed as error:
            pool.trouble[endpoint.url] = Absent(Why.SOURCE_REFUSED, str(error))
            return
        pool.trouble.pop(endpoint.url, None)
        pool.windows[endpoint.url].add(now_s, values, window_s)

    def _exposition(self, service: DisaggregatedService, place: Place) -> Exposition:
        at = (service.spec.engine, place)
        if at not in self._expositions:
            self._expositions[at] = Exposition(PRESETS[service.spec.engine].names_at(place))
        return self._expositions[at]


def _places(service: DisaggregatedService) -> tuple[Place, ...]:
    preset = PRESETS[service.spec.engine]
    return tuple(place for place in Place if _urls(service, place) and preset.names_at(place))


def _urls(service: DisaggregatedService, place: Place) -> tuple[str, ...]:
    signals = service.spec.signals
    if signals is None:
        return ()
    match place:
        case Place.PREFILL:
            return signals.endpoints.prefill
        case Place.DECODE:
            return signals.endpoints.decode
        case Place.FRONTEND:
            return signals.endpoints.frontend
