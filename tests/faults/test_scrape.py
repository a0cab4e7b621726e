"""Faults of the replicas themselves, seen by a program that scrapes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from disaggregated_service.core.decision import ConditionType
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import Endpoints
from scaler.edge.scrape_options import ScrapeOptions
from scaler.edge.scrape_source import ScrapeSource
from scaler.edge.signal_source import Instant
from tests.fakes.exporter import Exporter
from tests.fakes.exporter_text import Vllm
from tests.fakes.recording import work
from tests.faults.world import INTERVAL_S, LONG_ENOUGH, RUNNING, FaultWorld, small_service


class Replicas(FaultWorld):
    """Six replicas that work at full load; `speed` is how much of it."""

    def __init__(self, exporter: Exporter) -> None:
        self.exporter = exporter
        self.source = ScrapeSource(ScrapeOptions(interval_s=INTERVAL_S))
        self.engines = {name: Vllm() for name in ("p0", "p1", "d0", "d1", "d2", "d3")}
        self.speed = 1.0
        for name in self.engines:
            exporter.computes(name, lambda name=name: self.engines[name].text())  # type: ignore[misc]
        urls = {
            role: [exporter.url(name) for name in self.engines if name[0] == role[0]] for role in ("prefill", "decode")
        }
        super().__init__(
            small_service(source="scrape", endpoints=urls, selectors={"prefill": "", "decode": ""}),
            self.source,
            self._work_and_scrape,
        )

    async def _work_and_scrape(self, instant: Instant) -> None:
        for name, engine in self.engines.items():
            work(engine, "prefill" if name[0] == "p" else "decode", INTERVAL_S * self.speed)
            engine.waiting = 0.0
        await self.source.scrape([self.service], instant)

    def exist(self, *names: str) -> None:
        """The endpoints of a changed service file."""
        self.service = _with_endpoints(self.service, [self.exporter.url(name) for name in names])


def _with_endpoints(service: DisaggregatedService, urls: list[str]) -> DisaggregatedService:
    signals = service.spec.signals
    assert signals is not None
    prefill = tuple(url for url in urls if "/p" in url)
    decode = tuple(url for url in urls if "/d" in url)
    endpoints = Endpoints(prefill=prefill, decode=decode)
    return replace(service, spec=replace(service.spec, signals=replace(signals, endpoints=endpoints)))


@pytest.fixture
async def replicas() -> AsyncIterator[Replicas]:
    async with Exporter() as exporter:
        world = Replicas(exporter)
        async with world.serving():
            await world.tick(6)
            assert world.decision.published == RUNNING
            yield world
            await world.source.close()


async def test_half_of_the_replicas_silent_is_not_half_of_the_load_gone(replicas: Replicas):
    for name in ("p1", "d2", "d3"):
        replicas.exporter.dies(name)
    await replicas.tick(LONG_ENOUGH)
    assert set(replicas.published) == {RUNNING}
    assert replicas.metric("reading_covered_replicas", signal="decode_tps") == 2
    assert replicas.metric("ready_replicas", role="decode") == 4
    assert await replicas.answers() == RUNNING


async def test_all_replicas_silent_is_no_idleness(replicas: Replicas):
    for name in replicas.engines:
        replicas.exporter.dies(name)
    await replicas.tick(LONG_ENOUGH)
    assert set(replicas.published) == {RUNNING}
    assert replicas.decision.verdict.reason.value == "absent_load"
    notes = {note.signal: note for note in replicas.decision.readings}
    why = notes["decode_tps"].why.partition(":")[0]
    assert replicas.metric("reading_absent", signal="decode_tps", why=why) == 1
    assert await replicas.answers() == RUNNING


async def test_counters_that_start_anew_are_no_idleness(replicas: Replicas):
    for turn in range(LONG_ENOUGH):
        if turn % 3 == 0:  # somebody is restarted again and again
            replicas.engines[f"d{turn % 4}"] = Vllm()
        if turn == 4:
            replicas.engines = {name: Vllm() for name in replicas.engines}
        await replicas.tick()
    assert set(replicas.published) == {RUNNING}
    assert await replicas.answers() == RUNNING


@pytest.mark.parametrize("text", ["vllm:generation_tokens_total NaN\n", "", "<html>"])
async def test_nonsense_from_every_replica_is_no_idleness(replicas: Replicas, text: str):
    for name in replicas.engines:
        replicas.exporter.says(name, text)
    await replicas.tick(LONG_ENOUGH)
    assert set(replicas.published) == {RUNNING}
    assert "absent_load" in replicas.reasons
    assert any(note.signal == "decode_tps" and note.why for note in replicas.decision.readings)
    assert await replicas.answers() == RUNNING


async def test_a_wall_clock_set_back_changes_nothing(replicas: Replicas):
    replicas.unix_s -= 86_400.0
    await replicas.tick(LONG_ENOUGH)
    assert set(replicas.published) == {RUNNING}
    assert "within_band" in replicas.reasons
    assert await replicas.answers() == RUNNING


async def test_replicas_that_never_become_ready_are_neither_counted_on_nor_multiplied(replicas: Replicas):
    replicas.speed = 1.6
    await replicas.tick(4)
    raised = replicas.decision.published
    assert raised is not None
    assert raised.prefill >= 3
    assert raised.decode >= 6
    new = [f"p{n}" for n in range(2, raised.prefill)] + [f"d{n}" for n in range(4, raised.decode)]
    for name in new:
        replicas.exporter.says(name, "the model is loading", status=503)
    replicas.exist(*replicas.engines, *new)
    await replicas.tick(4, step_s=INTERVAL_S)
    await replicas.tick(50)
    assert replicas.published[-1] == raised
    assert max(pair.decode for pair in replicas.published) == raised.decode
    assert ConditionType.REPLICAS_STUCK in {condition.type for condition in replicas.decision.conditions}
    assert replicas.metric("discovered_replicas", role="decode") == raised.decode
    assert replicas.metric("ready_replicas", role="decode") == 4
    assert await replicas.answers() == raised


async def test_two_hours_without_data_hold_what_was_there(replicas: Replicas):
    for name in replicas.engines:
        replicas.exporter.says(name, "gone", status=500)
    await replicas.tick(24, step_s=300.0)
    assert set(replicas.published) == {RUNNING}
    assert "absent_load" in replicas.reasons
    assert await replicas.answers() == RUNNING


async def test_the_same_pool_does_shrink_when_it_is_idle(replicas: Replicas):
    replicas.speed = 0.0
    await replicas.tick(LONG_ENOUGH)
    assert replicas.published[-1] == Pair(1, 2)  # as small as the ratio allows
