"""One word for each guard, from the trail."""

from __future__ import annotations

import pytest

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.trail import Reason, Stage, TrailStep
from scaler.edge.guard_state import GuardState, guard_states
from tests.scaler.edge.board_world import decided
from tests.services import service

HERE = Pair(4, 12)


def state(*reasons: Reason, stage: Stage = Stage.GUARD, subject: str = "tbt_p90") -> GuardState:
    trail = [TrailStep(stage, HERE, HERE, reason, subject) for reason in reasons]
    return guard_states(service().spec, decided(HERE, trail=trail))["tbt_p90"]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.GUARD_MET, GuardState.CALM),
        (Reason.GUARD_QUIET, GuardState.QUIET),
        (Reason.GUARD_MEMORY, GuardState.REMEMBERING),
        (Reason.GUARD_FORBIDS, GuardState.FORBIDDING),
        (Reason.GUARD_RAISE, GuardState.RAISING),
        (Reason.GUARD_ABSENT, GuardState.ABSENT),
        (Reason.GUARD_JAMMED, GuardState.JAMMED),
        (Reason.GUARD_INEFFECTIVE, GuardState.INEFFECTIVE),
    ],
)
def test_each_reason_of_a_guard_is_a_state(reason: Reason, word: GuardState) -> None:
    assert state(reason) is word


def test_of_several_steps_the_most_urgent_counts() -> None:
    assert state(Reason.GUARD_MET, Reason.GUARD_MEMORY) is GuardState.REMEMBERING
    assert state(Reason.GUARD_RAISE, Reason.GUARD_MEMORY) is GuardState.RAISING


def test_an_absent_guard_may_say_why_after_a_colon() -> None:
    assert state(Reason.GUARD_ABSENT, subject="tbt_p90:source_slow") is GuardState.ABSENT


def test_a_guard_that_the_trail_does_not_mention_was_not_asked() -> None:
    assert state() is GuardState.NOT_ASKED
    assert state(Reason.WITHIN_BAND, stage=Stage.LOAD) is GuardState.NOT_ASKED
    assert state(Reason.GUARD_RAISE, subject="ttft_p90") is GuardState.NOT_ASKED
