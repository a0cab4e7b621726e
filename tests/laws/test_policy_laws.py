"""What always holds, whatever the service and whatever it sees."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.decision_json import decision_to_json
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import FixedRatio
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.trail import Reason
from heteroscale.coordinator.tick import Running
from scaler.core.memory import Memory
from scaler.core.memory_record import memory_from_data, memory_to_data
from scaler.core.observation import Present
from tests.laws.world import (
    STEP_S,
    Moment,
    falls,
    moments,
    observed,
    pairs,
    rises,
    services,
    start,
    step,
    stories,
    told,
)

EXPLAINED = {Reason.OUT_OF_BAND, Reason.RATIO_INFEASIBLE}
OVERFULL = {Reason.OVER_BUDGET, Reason.SCHEDULE_FIXED}


@given(services(), pairs(), stories())
def test_targets_lie_within_bounds(subject: DisaggregatedService, pair: Pair, story: list[Moment]) -> None:
    low, high = subject.spec.minima, subject.spec.maxima
    for _, _, decision in told(subject, pair, story):
        assert low.prefill <= decision.targets.prefill <= high.prefill
        assert low.decode <= decision.targets.decode <= high.decode


@given(services(), pairs(), stories())
def test_the_ratio_is_in_its_band_or_the_trail_says_that_it_is_being_repaired(
    subject: DisaggregatedService, pair: Pair, story: list[Moment]
) -> None:
    for _, _, decision in told(subject, pair, story):
        if not subject.spec.ratio.band.contains(decision.targets):
            assert EXPLAINED & {each.reason for each in decision.trail}


@given(services(), pairs(), stories())
def test_a_raise_never_goes_over_the_budget(subject: DisaggregatedService, pair: Pair, story: list[Moment]) -> None:
    budget = subject.spec.gpu_budget
    for _, _, decision in told(subject, pair, story):
        before, after = decision.in_force, decision.targets
        if budget is not None and rises(before, after):
            bounded = any(each.reason is Reason.BOUNDS for each in decision.trail)
            assert bounded or subject.spec.roles.gpus(after.prefill, after.decode) <= budget


@given(services(), pairs(), stories())
def test_an_absent_load_never_lowers_a_target(subject: DisaggregatedService, pair: Pair, story: list[Moment]) -> None:
    inside = Pair(min(pair.prefill, 60), min(pair.decode, 90))
    for moment, state, decision in told(subject, inside, story):
        signals = observed(subject, state.memory.in_force, moment).signals
        known = [
            isinstance(signals.of(role).load, Present) and moment.silent < signals.of(role).ready
            for role in subject.spec.driving_roles
        ]
        if not all(known):
            assert not falls(decision.in_force, decision.targets)


@given(services(), pairs(), stories())
def test_a_fixed_pair_never_moves_against_itself_except_in_repair(
    subject: DisaggregatedService, pair: Pair, story: list[Moment]
) -> None:
    if not isinstance(subject.spec.ratio, FixedRatio):
        return
    for _, _, decision in told(subject, pair, story):
        before, after = decision.in_force, decision.targets
        if rises(before, after) and falls(before, after):
            assert Reason.RATIO_REPAIR in {each.reason for each in decision.trail}


@given(services(plain=True), stories(6), moments(), st.floats(0, 60_000), st.floats(0, 60_000), pairs())
def test_more_load_never_yields_fewer_replicas(
    subject: DisaggregatedService, story: list[Moment], last: Moment, one: float, other: float, pair: Pair
) -> None:
    state = _after(subject, pair, story)
    less, more = sorted((one, other))
    now_s = len(story) * STEP_S
    asked = []
    for decode_tps in (less, more):
        moment = _with(last, decode_tps)
        observation = observed(subject, state.memory.in_force, moment)
        asked.append(step(subject, state, observation, now_s, 0)[0].targets)
    assert asked[0].decode <= asked[1].decode
    assert asked[0].prefill <= asked[1].prefill


@given(services(plain=True), pairs(), moments(), st.integers(2, 12))
def test_a_raise_still_starting_is_never_multiplied(
    subject: DisaggregatedService, pair: Pair, moment: Moment, ticks: int
) -> None:
    """The world stands still, replicas and all: after the first answer nothing more may be asked for."""
    frozen = observed(subject, pair, moment)
    decision, state = step(subject, start(pair), frozen, 0.0, 0)
    for number in range(1, ticks):
        later, state = step(subject, state, frozen, number * STEP_S, number)
        out_of_band = Reason.OUT_OF_BAND in {each.reason for each in decision.trail + later.trail}
        if not out_of_band:
            assert not rises(decision.targets, later.targets)


@given(services(), pairs(), stories())
def test_the_same_inputs_give_the_same_bytes(subject: DisaggregatedService, pair: Pair, story: list[Moment]) -> None:
    runs = [[_bytes(decision) for _, _, decision in told(subject, pair, story)] for _ in range(2)]
    assert runs[0] == runs[1]


@given(services(), pairs(), stories())
def test_an_observation_delivered_twice_changes_nothing(
    subject: DisaggregatedService, pair: Pair, story: list[Moment]
) -> None:
    state = start(pair)
    for number, moment in enumerate(story):
        observation = observed(subject, state.memory.in_force, moment)
        first, once = step(subject, state, observation, number * STEP_S, number)
        second, _ = step(subject, once, observation, number * STEP_S, number)
        assert second.targets == first.targets
        state = once


@given(services(), pairs(), stories())
def test_a_state_written_and_read_back_decides_the_same(
    subject: DisaggregatedService, pair: Pair, story: list[Moment]
) -> None:
    expected = [decision.targets for _, _, decision in told(subject, pair, story)]
    state, found, shift_s = start(pair), [], 1e5
    for number, moment in enumerate(story):
        now_s = number * STEP_S + shift_s
        observation = observed(subject, state.memory.in_force, moment)
        decision, state = step(subject, state, observation, now_s, number)
        found.append(decision.targets)
        text = json.dumps(memory_to_data(state.memory, now_s=now_s))
        read = memory_from_data(json.loads(text), now_s=now_s, elapsed_s=0)
        state = Running(memory=_with_what_is_forgotten(read, state.memory), last=state.last)
    assert found == expected


def _after(subject: DisaggregatedService, pair: Pair, story: list[Moment]) -> Running:
    state = start(pair)
    for number, moment in enumerate(story):
        observation = observed(subject, state.memory.in_force, moment)
        _, state = step(subject, state, observation, number * STEP_S, number)
    return state


def _with(moment: Moment, decode_tps: float) -> Moment:
    return replace(moment, decode_tps=decode_tps)


def _with_what_is_forgotten(read: Memory, kept: Memory) -> Memory:
    """A restart forgets on purpose what has to be watched without a gap; here nothing was missed."""
    guards = {
        name: replace(guard, needless_since_s=kept.guards[name].needless_since_s) for name, guard in read.guards.items()
    }
    return replace(read, needs=kept.needs, guards=guards)


def _bytes(decision: Decision) -> str:
    return json.dumps(decision_to_json(decision), sort_keys=True)
