from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.ticker.catalogue import open_catalogue
from heteroscale.ticker.clockwork import Clockwork
from heteroscale.ticker.verdict_log import HOLD_EVERY_S, LINES_MAX, VerdictLog
from scaler.edge.signal_source import Instant
from tests.scaler.edge import board_world
from tests.scaler.edge.board_world import Clock, busy, decided
from tests.ticker.test_catalogue import document, no_faults
from tests.ticker.world import TARGET_TPS, Failures, World

SCRAPED = {"source": "scrape", "endpoints": {"prefill": ["http://h:1/a"], "decode": ["http://h:1/b"]}}


@dataclass
class Rounds:
    """A `RoundObserver`, and a scraper that notes what it was asked for."""

    finished: int = 0
    failed: int = 0
    missed: int = 0
    scraped: list[list[str]] = field(default_factory=list)
    scrape_interval_s: float = 5.0
    enough: asyncio.Event = field(default_factory=asyncio.Event)  # four of each

    def round_finished(self, duration_s: float) -> None:
        assert duration_s >= 0
        self.finished += 1
        if self.finished >= 4 and len(self.scraped) >= 4:
            self.enough.set()

    def round_failed(self) -> None:
        self.failed += 1

    def rounds_missed(self, rounds: int) -> None:
        self.missed += rounds

    def services_read(self, faults: Sequence[Fault]) -> None:
        assert list(faults) == []

    async def scrape(self, services: Sequence[DisaggregatedService], instant: Instant) -> None:
        self.scraped.append([service.key.name for service in services])


def made(folder: Path, world: World, rounds: Rounds) -> Clockwork:
    (folder / "chat.yaml").write_text(document("chat-70b"))
    (folder / "small.yaml").write_text(document("small", signals={"selectors": {}, **SCRAPED}))

    async def sleep(seconds: float) -> None:
        world.now_s += seconds
        await asyncio.sleep(0)

    return Clockwork(
        ticker=world.ticker,
        catalogue=open_catalogue(folder, no_faults, Failures()),
        scraper=rounds,
        interval_s=15.0,
        observer=rounds,
        instant=lambda: world.instant,
        sleep=sleep,
    )


async def test_a_round_that_fails_is_said_counted_and_followed_by_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    world, rounds = World(), Rounds()
    world.says(Pair(4, 12), 12 * TARGET_TPS)
    clockwork = made(tmp_path, world, rounds)
    world.source.raises = RuntimeError("a bug of ours")
    await clockwork.tick()
    assert "a bug of ours" in caplog.text
    world.source.raises = None
    await clockwork.tick()
    assert (rounds.finished, rounds.failed) == (1, 1)


async def test_only_services_that_name_it_are_scraped(tmp_path: Path):
    rounds = Rounds()
    await made(tmp_path, World(), rounds).scrape()
    assert rounds.scraped == [["small"]]


async def test_it_scrapes_before_the_first_tick_and_goes_on_with_both_until_cancelled(tmp_path: Path):
    world, rounds = World(), Rounds()
    running = asyncio.create_task(made(tmp_path, world, rounds).run())
    await asyncio.wait_for(rounds.enough.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rounds.failed == 0


def test_a_verdict_that_changes_something_is_one_line_and_a_hold_one_in_a_while(caplog: pytest.LogCaptureFixture):
    world = board_world.World(clock=Clock())
    caplog.set_level("INFO")
    log = VerdictLog()
    raised = world.entry(None, decision=busy())
    held = world.entry(None, decision=decided(Pair(5, 15), sequence=813))
    for entry, at_s in ((raised, 0.0), (raised, 15.0), (held, 30.0), (held, HOLD_EVERY_S), (held, HOLD_EVERY_S + 1)):
        log.look([entry], at_s)
    assert [record.message for record in caplog.records] == [
        "llm/chat-70b #812: 4P 12D -> 5P 15D (load_out)",
        "llm/chat-70b #813: stays 5P 15D (within_band)",
    ]


def test_a_thousand_verdicts_in_one_tick_do_not_fill_the_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    keys = [ServiceKey("llm", f"s{n}") for n in range(1000)]
    world = board_world.World()
    VerdictLog().look([world.entry(Pair(4, 12), key=key) for key in keys], 0.0)
    assert len(caplog.records) == LINES_MAX + 1
    assert "800 more decisions" in caplog.records[-1].message
