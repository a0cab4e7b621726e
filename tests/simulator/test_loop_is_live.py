"""live == simulated: what the loop decided is what the program would have decided from the same observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.loop import Loop
from heteroscale.simulator.loop_begin import LateObserver, plant_of, requests_of
from heteroscale.simulator.policy.heteroscale import Heteroscale
from heteroscale.simulator.signals import WorldSignals
from heteroscale.simulator.signals_seen import Seen
from heteroscale.simulator.world.fast_world import FastWorld
from heteroscale.ticker.ticker import Ticker
from scaler.core.observation import Observation, Signals
from scaler.edge.board import Board
from scaler.edge.signal_source import Instant
from tests.simulator.cells import ENGINE, cell, day_and_night

INTERVAL_S = 15.0


@dataclass
class Recorded:
    """Signals of one service, given out one tick after the other."""

    says: dict[ServiceKey, Signals] = field(default_factory=dict)

    async def observe(
        self, services: Sequence[DisaggregatedService], instant: Instant, *, deadline_s: float
    ) -> Mapping[ServiceKey, Signals]:
        return dict(self.says)

    async def close(self) -> None: ...


@dataclass
class Watched:
    """The policy of the loop, with what it saw and decided written down."""

    policy: Heteroscale
    observer: LateObserver
    story: list[tuple[float, Observation, Decision]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hands, self.looks, self.every_s = self.policy.hands, self.policy.looks, self.policy.every_s
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        pair = self.policy.wish(seen, now_s)
        observation = self.observer(now_s)
        if observation is not None and self.policy.decision is not None:
            self.story.append((now_s, observation, self.policy.decision))
        return pair


@pytest.mark.parametrize("mode", ["heteroscale-measured", "heteroscale-fixed"])
async def test_the_ticker_decides_the_same_from_the_same_observations(mode):
    run = cell(mode, day_and_night(hours=2, low=10_000, high=90_000))
    requests = requests_of(run)
    observer = LateObserver(run)
    plant = plant_of(run, requests, observer)
    watched = Watched(Heteroscale(run.policy.settings, plant), observer)
    world = FastWorld(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=plant.start, start_up=run.start_up)
    observer.signals = WorldSignals(world, run.service, requests)
    Loop(world=world, policy=watched, signals=observer.signals, cell=run).run()
    assert len({decision.granted for *_, decision in watched.story}) > 5, "a calm story proves nothing"

    service = watched.policy.service
    source, now = Recorded(), [0.0]
    board = Board(interval_s=INTERVAL_S, now_s=lambda: now[0])
    ticker = Ticker(source=source, board=board, interval_s=INTERVAL_S, current={service.key: plant.start})
    for at_s, observation, decision in watched.story:
        now[0] = at_s
        source.says = {service.key: observation.signals}
        await ticker.tick([service], Instant(now_s=at_s, unix_s=at_s))
        entry = board.entry(service.key)
        assert entry is not None
        assert entry.decision is not None
        assert replace(entry.decision, sequence=0) == replace(decision, sequence=0)
