"""The vectorised signals against the shipped source: the same scrapes must make the same observation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator import exposition
from heteroscale.simulator.arrivals import LoadShape, cut_into_requests
from heteroscale.simulator.signals import WorldSignals
from heteroscale.simulator.signals_scrape import BoolArray
from heteroscale.simulator.world.pool import State
from heteroscale.simulator.world.world import World
from scaler.core.observation import Absent, Histogram, Present, Quiet, Reading, RoleSignals, Signals, Why
from scaler.edge.assembly import assemble
from scaler.edge.engines.choice import PRESETS
from scaler.edge.engines.preset import Place
from scaler.edge.exposition import Exposition
from scaler.edge.scrape_samples import Pool, ScrapeSamples
from scaler.edge.scrape_window import ReplicaWindow
from tests.simulator.cells import ENGINE, chat, rates

SERVICE = chat()
assert SERVICE.spec.signals is not None
SIGNALS = SERVICE.spec.signals


@dataclass
class ShippedSource:
    """The scrape source without its sockets: each replica's own text, parsed, kept and evaluated as it ships."""

    world: World
    pools: dict[Place, Pool] = field(default_factory=lambda: {place: Pool() for place in (Place.PREFILL, Place.DECODE)})

    def scrape(self, heard: dict[Role, BoolArray]) -> None:
        now_s = self.world.now_s
        for role, place in ((Role.PREFILL, Place.PREFILL), (Role.DECODE, Place.DECODE)):
            reader = Exposition(PRESETS[SERVICE.spec.engine].names_at(place))
            members = self.world.prefill.members if role is Role.PREFILL else self.world.decode.members
            standing = [member for member in members if member.state is not State.DRAINING]
            pool = self.pools[place]
            pool.windows = {
                f"{member.number:04d}": pool.windows.get(f"{member.number:04d}") or ReplicaWindow()
                for member in standing
            }
            ready = [member for member in standing if member.state is State.READY]
            for member, is_heard in zip(ready, heard[role], strict=True):
                if is_heard:
                    text = (
                        exposition.prefill_text(member.engine, now_s)  # type: ignore[arg-type]
                        if role is Role.PREFILL
                        else exposition.decode_text(member.engine)  # type: ignore[arg-type]
                    )
                    values = reader.read(text.encode(), series_max=10_000)
                    pool.windows[f"{member.number:04d}"].add(now_s, values, SIGNALS.window_s)

    def signals(self, now_s: float) -> Signals:
        return assemble(SERVICE, ScrapeSamples(SERVICE, SIGNALS, self.pools, now_s))


def assert_same(ours: Reading[float], theirs: Reading[float]) -> None:
    match ours, theirs:
        case Present(), Present():
            assert ours.value == pytest.approx(theirs.value, rel=1e-9)
            assert (ours.samples, ours.coverage) == (theirs.samples, theirs.coverage)
            assert ours.age_s == pytest.approx(theirs.age_s)
        case Absent(), Absent():
            assert ours.why is theirs.why
        case _:
            assert ours == theirs


def assert_same_histogram(ours: Reading[Histogram], theirs: Reading[Histogram]) -> None:
    match ours, theirs:
        case Present(value=one), Present(value=other):
            assert one.bounds_s == other.bounds_s
            assert one.cumulative == pytest.approx(other.cumulative, rel=1e-9, abs=1e-9)
            assert one.total == pytest.approx(other.total)
            assert (ours.samples, ours.coverage) == (theirs.samples, theirs.coverage)
        case Absent(), Absent():
            assert ours.why is theirs.why
        case Quiet(), Quiet():
            pass
        case _:
            raise AssertionError(f"{ours} is not {theirs}")


def assert_same_role(ours: RoleSignals, theirs: RoleSignals) -> None:
    assert (ours.ready, ours.discovered) == (theirs.ready, theirs.discovered)
    assert_same(ours.load, theirs.load)
    assert_same(ours.waiting, theirs.waiting)
    assert_same(ours.running, theirs.running)


@pytest.mark.parametrize("lost_frac", [0.0, 0.5])
def test_the_same_scrapes_make_the_same_observation_as_the_shipped_source(lost_frac):
    trace = rates([40_000.0, 60_000.0, 30_000.0])
    requests = cut_into_requests(trace, LoadShape(scale=1.0), from_s=0.0, until_s=900.0)
    world = World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=Pair(4, 4))
    shipped = ShippedSource(world)
    generator = np.random.default_rng(7)
    heard: list[BoolArray] = []

    def answers(replicas: int) -> BoolArray:
        heard.append(generator.random(replicas) >= lost_frac)
        return heard[-1]

    signals = WorldSignals(world, SERVICE, requests, answers=answers)
    for turn in range(60):
        world.run_until(8.0 + 15.0 * turn)
        if turn in {5, 20, 33}:
            world.resize(Role.PREFILL, 3 + turn % 5)
            world.resize(Role.DECODE, 6 - turn % 4)
        signals.scrape()
        shipped.scrape(dict(zip((Role.PREFILL, Role.DECODE), heard[-2:], strict=True)))
        now_s = world.now_s + 7.0
        ours, theirs = signals.observation(now_s), shipped.signals(now_s)
        assert ours is not None
        assert_same_role(ours.signals.prefill, theirs.prefill)
        assert_same_role(ours.signals.decode, theirs.decode)
        for metric, reading in theirs.latencies.items():
            assert_same_histogram(ours.signals.latencies[metric], reading)
        if not lost_frac:
            assert ours.signals.sample_interval_s == pytest.approx(theirs.sample_interval_s)
        assert [name.used for name in ours.signals.names] == [name.used for name in theirs.names]


def test_nothing_is_observed_before_the_first_scrape():
    requests = cut_into_requests(rates([9000.0] * 2), LoadShape(scale=1.0), from_s=0.0, until_s=600.0)
    world = World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=Pair(1, 1))
    signals = WorldSignals(world, SERVICE, requests)
    assert signals.observation(0.0) is None
    assert signals.seen(0.0) is None


def test_one_scrape_tells_who_is_there_and_no_rate():
    requests = cut_into_requests(rates([9000.0] * 2), LoadShape(scale=1.0), from_s=0.0, until_s=600.0)
    world = World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=Pair(2, 1))
    signals = WorldSignals(world, SERVICE, requests)
    world.run_until(8.0)
    signals.scrape()
    seen = signals.observation(15.0)
    assert seen is not None
    assert seen.signals.ready == Pair(2, 1)
    assert isinstance(seen.signals.decode.load, Absent)
    assert seen.signals.decode.load.why is Why.TOO_FEW_SAMPLES


def test_a_baseline_sees_the_tokens_that_were_written_and_a_busy_decode_pool():
    requests = cut_into_requests(rates([30_000.0] * 3), LoadShape(scale=1.0), from_s=0.0, until_s=900.0)
    world = World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=Pair(4, 4))
    signals = WorldSignals(world, SERVICE, requests)
    for turn in range(40):
        world.run_until(8.0 + 15.0 * turn)
        signals.scrape()
    seen = signals.seen(world.now_s + 4.0)
    assert seen is not None
    assert seen.prefill.tps == pytest.approx(30_000, rel=0.35)
    assert seen.decode.tps == pytest.approx(30_000 / 6.07, rel=0.35)
    assert seen.decode.gpu_util_frac > 0.95
    assert 0.3 < seen.prefill.gpu_util_frac < 0.75
    assert seen.tbt_s_p90 < 0.025
    assert seen.wanted == Pair(4, 4)
