from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from disaggregated_service.core.override import HoldUntil
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.trail import Reason
from heteroscale.ticker.ticker import Ticker
from scaler.core.observation import Signals
from scaler.edge.signal_source import Instant
from tests.services import service
from tests.ticker.world import CHAT, NINE_UNIX_S, TARGET_TPS, FakeSource, World

FOUR_TWELVE = Pair(4, 12)
SAID = {CHAT.key: FOUR_TWELVE}
BUSY_TPS = 16 * TARGET_TPS


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(state=tmp_path / "state.json", current=SAID)
    made.says(FOUR_TWELVE, 12 * TARGET_TPS)
    yield made
    made.close()


async def test_replicas_are_counted_over_a_whole_window_before_the_first_decision(tmp_path: Path):
    world = World()
    world.says(Pair(2, 6), 6 * TARGET_TPS, discovered=Pair(3, 7))
    await world.tick()
    assert world.entry().decision is None
    assert "counting replicas for another 60 s" in world.entry().waiting_for
    world.says(Pair(2, 6), 6 * TARGET_TPS)
    await world.tick(4)
    assert world.decision.in_force == Pair(3, 7)


async def test_a_pair_that_an_operator_vouches_for_is_in_force_at_once(world: World):
    await world.tick()
    assert world.decision.published == FOUR_TWELVE


async def test_sources_get_six_tenths_of_the_interval(world: World):
    await world.tick()
    assert world.source.deadlines_s == [9.0]


async def test_a_decision_is_on_disk_before_anybody_can_read_it(world: World):
    assert world.state is not None
    await world.tick()
    on_disk: list[object] = []

    def look() -> None:
        stored = json.loads(world.state.read_text())["services"][str(CHAT.key)]  # type: ignore[union-attr]
        on_disk.append(stored["decision"]["published"])

    world.board.listen(look)
    world.says(FOUR_TWELVE, BUSY_TPS)
    await world.tick()
    assert world.decision.published == Pair(6, 16)
    assert on_disk == [{"prefill": 6, "decode": 16}]


async def test_what_cannot_be_persisted_is_not_served_and_what_was_served_ages(world: World):
    await world.tick()
    before = world.entry()
    world.disk.full = True
    world.says(FOUR_TWELVE, BUSY_TPS)
    await world.tick(4)
    assert world.entry() == before
    assert world.failures.persist == 4
    assert not world.board.is_fresh(world.entry())


async def test_once_it_can_be_written_again_the_raise_is_made_from_what_was_served(world: World):
    await world.tick()
    world.disk.full = True
    world.says(FOUR_TWELVE, BUSY_TPS)
    await world.tick(2)
    world.disk.full = False
    await world.tick()
    assert world.decision.in_force == FOUR_TWELVE
    assert world.decision.published == Pair(6, 16)
    assert world.decision.sequence == 2


async def test_a_restart_continues_from_what_was_persisted_and_never_asks_for_fewer(world: World):
    await world.tick()
    world.says(FOUR_TWELVE, BUSY_TPS)
    await world.tick()
    raised = world.decision
    assert raised.published == Pair(6, 16)
    world.restart()
    world.says(FOUR_TWELVE, 0.0)  # the raise is still starting, and the load has just gone
    published: list[Pair | None] = []
    for _ in range(12):
        await world.tick()
        decision = world.entry().decision
        published.append(None if decision is None else decision.published)
    assert published[:4] == [None] * 4  # a window of counting
    assert set(published[4:]) == {Pair(6, 16)}


async def test_sequence_numbers_go_on_after_a_restart(world: World):
    await world.tick()
    world.says(FOUR_TWELVE, BUSY_TPS)
    await world.tick()
    assert world.decision.sequence == 2
    world.restart()
    await world.tick(5)
    assert world.decision.sequence == 3


async def test_a_pair_said_in_a_manifest_is_believed_once_not_at_every_restart(world: World):
    await world.tick()
    world.says(FOUR_TWELVE, BUSY_TPS)
    await world.tick()
    world.restart(current=SAID)
    world.says(Pair(6, 16), 16 * TARGET_TPS)
    await world.tick()
    assert world.entry().decision is None  # it counts, as it would without
    await world.tick(4)
    assert world.decision.in_force == Pair(6, 16)


async def test_another_pair_said_at_a_restart_wins_over_what_was_persisted(world: World):
    await world.tick()
    world.restart(current={CHAT.key: Pair(8, 24)})
    await world.tick()
    assert world.decision.in_force == Pair(8, 24)


async def test_a_service_that_is_not_observed_keeps_its_last_decision_which_ages(world: World):
    await world.tick()
    before = world.entry()
    world.source.says = {}
    await world.tick(4)
    assert world.entry() == before
    assert not world.board.is_fresh(world.entry())


async def test_a_service_that_was_never_observed_says_so(world: World):
    world.source.says = {}
    await world.tick()
    assert world.entry().decision is None
    assert world.entry().waiting_for == "no replica could be counted yet"


async def test_a_pair_that_was_said_survives_a_round_that_fails(world: World):
    world.source.raises = RuntimeError("a bug of ours")
    with pytest.raises(RuntimeError):
        await world.tick()
    world.source.raises = None
    await world.tick()
    assert world.decision.in_force == FOUR_TWELVE


async def test_a_source_that_never_answers_does_not_stop_the_clock(world: World):
    class NeverAnswers(FakeSource):
        async def observe(
            self, services: Sequence[DisaggregatedService], instant: Instant, *, deadline_s: float
        ) -> Mapping[ServiceKey, Signals]:
            await asyncio.Event().wait()
            return {}

    ticker = Ticker(source=NeverAnswers(), board=world.board, interval_s=0.01)
    with pytest.raises(TimeoutError):
        await ticker.tick(world.services, world.instant)


async def test_a_service_whose_file_is_gone_leaves_the_board_and_finds_its_memory_again(world: World):
    await world.tick()
    world.services = ()
    await world.tick()
    assert world.board.entry(CHAT.key) is None
    world.services = (CHAT,)
    world.says(Pair(1, 3), 0.0)  # fewer answer than were in force
    await world.tick(6)
    assert world.decision.in_force == FOUR_TWELVE


async def test_a_memory_is_found_again_after_a_restart_too_but_not_for_ever(world: World):
    await world.tick()
    world.services = ()
    await world.tick()
    world.restart(away_s=6 * 86_400.0)
    assert world.ledger is not None
    assert world.ledger.record(CHAT.key) is not None
    await world.tick()
    world.unix_s += 2 * 86_400.0
    await world.tick()
    assert world.ledger.record(CHAT.key) is None


async def test_schedule_and_override_reach_the_policy(world: World):
    held = service(
        overrides=(HoldUntil(until_unix_s=NINE_UNIX_S + 100),),
        schedule=[{"name": "peak", "from": "09:00", "to": "09:10", "minDecode": 24}],
    )
    world.services = (held,)
    await world.tick()
    assert world.decision.verdict.reason is Reason.OVERRIDE_HOLD
    await world.tick(7)
    assert world.decision.published is not None
    assert world.decision.published.decode == 24


async def test_two_services_share_one_sequence(world: World):
    other = service(name="other")
    world.services = (CHAT, other)
    world.says(FOUR_TWELVE, 12 * TARGET_TPS)
    await world.tick(6)
    decided = [world.entry(key).decision for key in (CHAT.key, ServiceKey("llm", "other"))]
    assert sorted(decision.sequence for decision in decided if decision) == [1, 2]


async def test_a_hold_that_repeats_itself_writes_nothing(world: World):
    assert world.state is not None
    await world.tick()
    written = world.state.stat().st_mtime_ns
    await world.tick(5)
    assert world.state.stat().st_mtime_ns == written
    assert world.board.is_fresh(world.entry())
