"""A real Prometheus scrapes live what we scrape too: only then are there `up`, lost scrapes and vanished targets."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from pathlib import Path

import pytest

from scaler.core.observation import Absent, Coverage, Present, Signals
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_source import PrometheusSource
from scaler.edge.scrape_source import ScrapeSource
from scaler.edge.signal_source import Instant
from tests.fakes import prometheus_server
from tests.fakes.exporter import Exporter
from tests.fakes.exporter_text import Vllm
from tests.fakes.recording import work
from tests.services import service

CONFIGURATION = """
global: {scrape_interval: 500ms, scrape_timeout: 400ms}
scrape_configs:
- job_name: engines
  file_sd_configs: [{files: [FILE], refresh_interval: 1s}]
"""
REPLICAS = {"p0": "prefill", "d0": "decode", "d1": "decode", "d2": "decode"}
WINDOW_S, STALE_S = 4, 2


class Pair:
    """Both sources over the same exporters, in real time."""

    def __init__(self, exporter: Exporter, url: str, targets: Path) -> None:
        self._exporter = exporter
        self._targets = targets
        self.prometheus = PrometheusSource(PrometheusOptions(url=url))
        self.scrape = ScrapeSource()
        self.exists(set(REPLICAS))

    def exists(self, names: set[str]) -> None:
        """Tells Prometheus and us who there is."""
        targets = [
            {
                "targets": [f"127.0.0.1:{self._exporter.port}"],
                "labels": {"__metrics_path__": f"/{name}/metrics", "pod": name, "role": REPLICAS[name]},
            }
            for name in sorted(names)
        ]
        fresh = self._targets.with_suffix(".new")
        fresh.write_text(json.dumps(targets), encoding="utf-8")
        fresh.rename(self._targets)
        bounds = {"window": f"{WINDOW_S}s", "staleAfter": f"{STALE_S}s"}
        urls = {
            role: [self._exporter.url(name) for name in sorted(names) if REPLICAS[name] == role]
            for role in ("prefill", "decode")
        }
        self._asked = service(
            signals={"selectors": {"prefill": 'role="prefill"', "decode": 'role="decode"'}, **bounds},
            unchecked=True,
        )
        self._scraped = service(signals={"source": "scrape", "endpoints": urls, **bounds}, unchecked=True)

    async def observe(self) -> tuple[Signals | None, Signals | None]:
        now = Instant(now_s=time.monotonic(), unix_s=time.time())
        await self.scrape.scrape([self._scraped], now)
        theirs = await self.prometheus.observe([self._asked], now, deadline_s=3.0)
        ours = await self.scrape.observe([self._scraped], now, deadline_s=3.0)
        return theirs.get(self._asked.key), ours.get(self._scraped.key)

    async def until(self, coverage: Coverage, discovered: int, *, lasting: int = 1) -> tuple[Signals, Signals]:
        """Observes on until both see the decode pool like this, so many times in a row."""
        ends_at_s = time.monotonic() + 20.0
        agreed = 0
        while True:
            theirs, ours = await self.observe()
            seen = [(_coverage(one), one.discovered.decode if one else -1) for one in (theirs, ours)]
            agreed = agreed + 1 if seen == [(coverage, discovered)] * 2 else 0
            if theirs is not None and ours is not None and agreed >= lasting:
                return theirs, ours
            assert time.monotonic() < ends_at_s, seen
            await asyncio.sleep(0.25)


def _coverage(signals: Signals | None) -> Coverage | None:
    load = signals.decode.load if signals else None
    return load.coverage if isinstance(load, Present) else None


async def test_both_see_replicas_work_fall_silent_and_vanish(tmp_path: Path):
    targets = tmp_path / "targets.json"
    configuration = CONFIGURATION.replace("FILE", str(targets))
    started_s = time.monotonic()
    async with Exporter() as exporter:
        for name, role in REPLICAS.items():
            exporter.computes(name, partial(_worked, role, started_s))
        targets.write_text("[]", encoding="utf-8")
        with prometheus_server.running(tmp_path / "data", configuration) as url:
            pair = Pair(exporter, url, targets)
            try:
                theirs, ours = await pair.until(Coverage(3, 3), 3, lasting=WINDOW_S * 4)
                assert _decode_tps(theirs) == pytest.approx(3 * 500, rel=0.1)
                assert _decode_tps(ours) == pytest.approx(3 * 500, rel=0.1)
                assert theirs.names == ours.names
                exporter.dies("d2")
                died_s = time.monotonic()
                theirs, ours = await pair.until(Coverage(2, 3), 3)
                # One lost scrape makes nobody silent: only staleAfter does, in either source.
                assert time.monotonic() - died_s > STALE_S - 1.0
                pair.exists({"p0", "d0", "d1"})
                theirs, ours = await pair.until(Coverage(2, 2), 2)
                assert _decode_tps(theirs) == pytest.approx(_decode_tps(ours), rel=0.1)
            finally:
                await pair.prometheus.close()
                await pair.scrape.close()


async def test_a_prometheus_that_starts_later_is_found(tmp_path: Path):
    port = prometheus_server.free_port()
    source = PrometheusSource(PrometheusOptions(url=f"http://127.0.0.1:{port}", timeout_s=2.0))
    asked = service()
    try:
        now = Instant(now_s=time.monotonic(), unix_s=time.time())
        assert await source.observe([asked], now, deadline_s=2.0) == {}
        with prometheus_server.running(tmp_path / "data", port=port):
            observed = await source.observe([asked], now, deadline_s=5.0)
        assert isinstance(observed[asked.key].decode.load, Absent)
        assert str(observed[asked.key].discovered) == "0P 0D"
    finally:
        await source.close()


def _worked(role: str, started_s: float) -> str:
    replica = Vllm()
    work(replica, role, time.monotonic() - started_s)
    return replica.text()


def _decode_tps(signals: Signals) -> float:
    assert isinstance(signals.decode.load, Present)
    return signals.decode.load.value
