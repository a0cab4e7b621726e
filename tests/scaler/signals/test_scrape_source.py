"""The scrape source against servers that answer, hang, lie and die, on a clock that the test moves."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.service import DisaggregatedService
from scaler.core.observation import Absent, Coverage, Present, Quiet, Signals, Why
from scaler.edge.scrape_options import ScrapeOptions
from scaler.edge.scrape_source import ScrapeSource
from scaler.edge.signal_source import Instant
from tests.fakes.exporter import Exporter
from tests.fakes.exporter_text import Vllm
from tests.fakes.recording import work
from tests.services import service

MIB = 1024 * 1024
EVERY_S = 15.0


def near(tps: float) -> Any:
    return pytest.approx(tps, rel=0.001)


@dataclass
class World:
    """Two prefill and four decode replicas that work; whoever is in `broken` does as its server was told."""

    exporter: Exporter
    source: ScrapeSource
    now_s: float = 1000.0
    replicas: dict[str, Vllm] = field(default_factory=lambda: {n: Vllm() for n in ("p0", "p1", "d0", "d1", "d2", "d3")})
    broken: set[str] = field(default_factory=set)

    @property
    def service(self) -> DisaggregatedService:
        urls = {
            role: [self.exporter.url(name) for name in self.replicas if name[0] == role[0]]
            for role in ("prefill", "decode")
        }
        return service(signals={"source": "scrape", "endpoints": urls})

    async def goes_on(self, steps: int = 6) -> None:
        for _ in range(steps):
            self.now_s += EVERY_S
            for name, replica in self.replicas.items():
                work(replica, "prefill" if name[0] == "p" else "decode", EVERY_S)
                if name not in self.broken:
                    self.exporter.says(name, replica.text())
            await self.source.scrape([self.service], self.now)

    @property
    def now(self) -> Instant:
        return Instant(now_s=self.now_s, unix_s=0.0)

    async def observe(self) -> Signals:
        observed = await self.source.observe([self.service], self.now, deadline_s=1.0)
        return observed[self.service.key]

    async def decode(self) -> Present[float]:
        load = (await self.observe()).decode.load
        assert isinstance(load, Present)
        return load


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with Exporter() as exporter:
        source = ScrapeSource(ScrapeOptions(interval_s=0.3, body_bytes_max=MIB))
        yield World(exporter, source)
        await source.close()


async def test_a_pool_at_work(world: World):
    await world.goes_on()
    signals = await world.observe()
    assert (str(signals.ready), str(signals.discovered)) == ("2P 4D", "2P 4D")
    assert signals.decode.load == Present(near(2000), 16, 0.0, Coverage(4, 4))
    assert signals.prefill.load == Present(near(2000), 8, 0.0, Coverage(2, 2))
    assert signals.prefill.waiting == Present(2.0, 2, 0.0, Coverage(2, 2))
    assert signals.sample_interval_s == pytest.approx(EVERY_S)


async def test_a_service_never_scraped_is_left_out(world: World):
    assert await world.source.observe([world.service], world.now, deadline_s=1.0) == {}


async def test_one_answer_tells_no_rate(world: World):
    await world.goes_on(steps=1)
    signals = await world.observe()
    assert str(signals.ready) == "2P 4D"
    assert isinstance(signals.decode.load, Absent)
    assert signals.decode.load.why is Why.TOO_FEW_SAMPLES


async def test_nobody_answering_at_start_is_down_and_not_idle(world: World):
    world.broken = set(world.replicas)
    for name in world.replicas:
        world.exporter.dies(name)
    await world.goes_on(steps=2)
    signals = await world.observe()
    assert (str(signals.ready), str(signals.discovered)) == ("0P 0D", "2P 4D")
    assert isinstance(signals.decode.load, Absent)
    assert signals.decode.load.why is Why.SOURCE_DOWN


@pytest.mark.parametrize("fault", ["hangs", "dies", "breaks off", "garbage", "error", "nan", "floods", "redirects"])
async def test_a_replica_that_fails_is_silent_after_a_while_and_never_zero(world: World, fault: str):
    await world.goes_on()
    world.broken = {"d0"}
    text = world.replicas["d0"].text()
    value = f"{world.replicas['d0'].generated}"
    faults: dict[str, Callable[[], None]] = {
        "hangs": lambda: world.exporter.hangs("d0"),
        "dies": lambda: world.exporter.dies("d0"),
        "breaks off": lambda: world.exporter.breaks_off("d0", text),
        "garbage": lambda: world.exporter.says("d0", "<html>hello</html>\n"),
        "error": lambda: world.exporter.says("d0", text, status=500),
        "nan": lambda: world.exporter.says("d0", text.replace(value, "NaN")),
        "floods": lambda: world.exporter.floods("d0", 100 * MIB),
        "redirects": lambda: world.exporter.redirects("d0", world.exporter.url("d1")),
    }
    faults[fault]()
    await world.goes_on(steps=4)
    signals = await world.observe()
    assert signals.decode.load == Present(near(1500), 12, 0.0, Coverage(3, 4))
    assert str(signals.ready) == "2P 4D"


async def test_one_lost_scrape_makes_nobody_silent(world: World):
    await world.goes_on()
    world.broken = {"d0"}
    world.exporter.dies("d0")
    await world.goes_on(steps=1)
    load = await world.decode()
    assert load.coverage == Coverage(4, 4)
    assert load.age_s == EVERY_S


async def test_a_flood_is_not_kept_in_memory(world: World):
    await world.goes_on(steps=2)
    world.broken = {"d0"}
    world.exporter.floods("d0", 100 * MIB)
    tracemalloc.start()
    try:
        await world.goes_on(steps=1)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8 * MIB
    assert world.exporter.bytes_sent < 32 * MIB


async def test_half_of_the_replicas_silent(world: World):
    await world.goes_on()
    world.broken = {"d0", "d1"}
    for name in world.broken:
        world.exporter.dies(name)
    await world.goes_on(steps=4)
    assert await world.decode() == Present(near(1000), 8, 0.0, Coverage(2, 4))


async def test_a_counter_that_starts_anew_is_no_fall_in_load(world: World):
    await world.goes_on()
    world.replicas["d0"] = Vllm()
    await world.goes_on(steps=1)
    assert (await world.decode()).value == pytest.approx(2000, rel=0.02)


async def test_a_vanished_replica_is_forgotten_at_once(world: World):
    await world.goes_on()
    del world.replicas["d3"]
    await world.goes_on(steps=1)
    assert str((await world.observe()).discovered) == "2P 3D"
    assert await world.decode() == Present(near(1500), 12, 0.0, Coverage(3, 3))


async def test_a_replica_that_never_answers_is_discovered_and_not_ready(world: World):
    world.replicas["d4"] = Vllm()
    world.broken = {"d4"}
    world.exporter.dies("d4")
    await world.goes_on()
    signals = await world.observe()
    assert (signals.ready.decode, signals.discovered.decode) == (4, 5)
    assert (await world.decode()).coverage == Coverage(4, 4)


async def test_two_hours_without_data_are_no_load_and_no_idleness(world: World):
    await world.goes_on()
    world.now_s += 7200.0
    signals = await world.observe()
    assert str(signals.ready) == "2P 4D"
    assert isinstance(signals.decode.load, Absent)
    assert all(isinstance(signals.latencies[metric], Absent) for metric in GuardMetric)
    assert isinstance(signals.decode.waiting, Absent)


async def test_a_silent_replicas_queue_does_not_stand_for_ever(world: World):
    """An in-flight gauge that a dead replica left behind would forbid shrinking until someone restarts us."""
    await world.goes_on()
    world.replicas["p0"].waiting = 900.0
    world.exporter.says("p0", world.replicas["p0"].text())
    await world.source.scrape([world.service], Instant(now_s=world.now_s + 1, unix_s=0.0))
    world.broken = {"p0"}
    world.exporter.dies("p0")
    await world.goes_on(steps=4)
    assert (await world.observe()).prefill.waiting == Present(1.0, 1, 0.0, Coverage(1, 2))


async def test_an_idle_pool_is_zero_load_and_quiet_latencies(world: World):
    await world.goes_on()
    idle = {name: replica.text() for name, replica in world.replicas.items()}
    for _ in range(6):
        world.now_s += EVERY_S
        for name, text in idle.items():
            world.exporter.says(name, text)
        await world.source.scrape([world.service], world.now)
    signals = await world.observe()
    assert (await world.decode()).value == 0.0
    assert signals.latencies[GuardMetric.TTFT] == Quiet(0, 0.0)


async def test_two_bucket_layouts_are_read_where_they_agree(world: World):
    await world.goes_on()
    for _ in range(5):
        world.broken = {"d0"}
        text = world.replicas["d0"].text().replace('le="0.05"', 'le="0.06"')
        world.exporter.says("d0", text)
        await world.goes_on(steps=1)
    tbt = (await world.observe()).latencies[GuardMetric.TBT]
    assert isinstance(tbt, Present)
    assert tbt.value.bounds_s == (0.01, 0.025, 0.075, 0.1)


async def test_the_same_moment_scraped_twice_changes_nothing(world: World):
    await world.goes_on()
    before = await world.observe()
    await world.source.scrape([world.service], world.now)
    assert await world.observe() == before


async def test_promql_is_refused_where_nobody_can_be_asked(world: World):
    await world.goes_on()
    asked = service(
        unchecked=True,
        load={"decode": {"demandMetric": "sum(x)"}},
        signals={
            "source": "scrape",
            "queries": {"decode_tps": "sum(y)"},
            "endpoints": {"prefill": [world.exporter.url("p0")], "decode": [world.exporter.url("d0")]},
        },
    )
    signals = (await world.source.observe([asked], world.now, deadline_s=1.0))[asked.key]
    for reading in (signals.decode.load, signals.decode.demand):
        assert isinstance(reading, Absent)
        assert reading.why is Why.NOT_CONFIGURED
