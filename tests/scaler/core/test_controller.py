"""What becomes of a proposal when placement grants all of it, part of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from disaggregated_service.core.decision import Decision, Hold, Scale
from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.trail import Reason
from heteroscale.coordinator.placement import Grant, Granted, PlacementRequest, grant_everything
from heteroscale.coordinator.tick import Outcome, Running, State, started_with, tick
from prescheduler.core.tier_memory import TierMemory
from tests.laws.world import Moment, observed
from tests.services import service

CALM = Moment(decode_tps=6000.0, prefill_tps=None, ready_frac=1.0, silent=0, tbt_frac=0.5, samples=100, waiting=0)
LOAD = {"decode": {"targetPerReplica": 1000, "capacityPerReplica": 2000}, "cooldown": {"in": "60s"}}
BEFORE = Pair(2, 6)


def ticked(
    subject: DisaggregatedService, state: State, moment: Moment, now_s: float, granted: Pair | None = None
) -> tuple[Decision, Running]:
    def place(requests: Sequence[PlacementRequest], memory: TierMemory, now_s: float) -> Granted:
        return Granted(
            grants={request.service.key: Grant(pair=granted or request.targets) for request in requests}, memory=memory
        )

    in_force = state.memory.in_force if isinstance(state, Running) else BEFORE
    observation = observed(subject, in_force, moment)
    result = tick([subject], {subject.key: observation}, {subject.key: state}, now_s=now_s, sequence=7, place=place)
    outcome = result.outcomes[subject.key]
    assert outcome.decision is not None
    assert isinstance(outcome.state, Running)
    return outcome.decision, outcome.state


def asking_for_nine(**changes: Any) -> tuple[DisaggregatedService, Moment]:
    return service(load=LOAD, **changes), replace(CALM, decode_tps=9000.0)


def test_a_raise_that_was_granted_is_in_force_and_published() -> None:
    subject, moment = asking_for_nine()
    decision, state = ticked(subject, started_with(BEFORE), moment, 0)
    assert (decision.targets, decision.granted, decision.published) == (Pair(3, 9), Pair(3, 9), Pair(3, 9))
    assert (decision.verdict, decision.in_force) == (Scale(Reason.LOAD_OUT), BEFORE)
    assert state.memory.in_force == Pair(3, 9)
    assert state.memory.clocks[Role.DECODE].load_raise_at_s == 0


def test_a_raise_that_found_no_room_holds_and_is_asked_again_without_a_cooldown() -> None:
    subject, moment = asking_for_nine()
    decision, state = ticked(subject, started_with(BEFORE), moment, 0, granted=BEFORE)
    assert (decision.verdict, decision.targets, decision.published) == (Hold(Reason.NO_ROOM), Pair(3, 9), BEFORE)
    assert decision.trail[-1].reason is Reason.NO_ROOM
    assert state.memory.clocks[Role.DECODE].load_raise_at_s is None
    again, _ = ticked(subject, state, moment, 15)
    assert again.verdict == Scale(Reason.LOAD_OUT)


def test_a_raise_granted_in_part_scales_as_far() -> None:
    subject, moment = asking_for_nine()
    decision, state = ticked(subject, started_with(BEFORE), moment, 0, granted=Pair(3, 8))
    assert (decision.verdict, decision.granted) == (Scale(Reason.LOAD_OUT), Pair(3, 8))
    assert state.memory.in_force == Pair(3, 8)


def test_a_guards_raise_that_was_not_granted_is_not_on_trial() -> None:
    subject, moment = service(load=LOAD), replace(CALM, tbt_frac=1.5)
    _, refused = ticked(subject, started_with(BEFORE), moment, 0, granted=BEFORE)
    assert refused.memory.guards["tbt_p90"].raise_in_trial is None
    _, granted = ticked(subject, started_with(BEFORE), moment, 0)
    assert granted.memory.guards["tbt_p90"].raise_in_trial is not None


def test_an_advisory_decision_publishes_nothing_and_follows_its_own_targets() -> None:
    subject, moment = asking_for_nine(mode="advisory")
    decision, state = ticked(subject, started_with(BEFORE), moment, 0, granted=BEFORE)
    assert (decision.published, decision.targets) == (None, Pair(3, 9))
    assert state.memory.in_force == Pair(3, 9)


def test_the_counts_of_late_hold_both_ends_of_each_change_and_are_forgotten_after_the_deadline() -> None:
    subject, moment = asking_for_nine()
    _, state = ticked(subject, started_with(BEFORE), moment, 0)
    assert {pair for _, pair in state.memory.counts} == {BEFORE, Pair(3, 9)}
    _, state = ticked(subject, state, replace(moment, decode_tps=12_000.0), 700)
    assert {pair for _, pair in state.memory.counts} == {Pair(3, 9), Pair(4, 12)}


def test_a_decision_that_changes_nothing_keeps_its_number() -> None:
    subject = service(load=LOAD)
    first, state = ticked(subject, started_with(BEFORE), CALM, 0)
    second, _ = ticked(subject, state, CALM, 15)
    assert (first.sequence, second.sequence) == (8, 8)


def test_one_service_that_breaks_stops_no_other() -> None:
    good, bad = service(load=LOAD, name="good"), service(load=LOAD, name="bad")
    observation = observed(good, BEFORE, CALM)
    broken = replace(observation, signals=None)  # type: ignore[arg-type]
    states: dict[ServiceKey, State] = {each.key: started_with(BEFORE) for each in (good, bad)}
    result = tick(
        [bad, good],
        {good.key: observation, bad.key: broken},
        states,
        now_s=0,
        sequence=0,
        place=grant_everything,
    )
    assert isinstance(result.outcomes[good.key], Outcome)
    assert bad.key not in result.outcomes
    assert isinstance(result.failures[bad.key], AttributeError)
