"""What each guard of a service said in its last decision, in one word, for the page and the metrics.

Read from the trail, like everything that people are shown. It must never judge a histogram itself.
"""

from __future__ import annotations

from enum import StrEnum

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.guard import guard_id


class GuardState(StrEnum):
    """From the one that needs a person most to the one that needs nobody."""

    INEFFECTIVE = "ineffective"  # raised twice without effect: neither raises nor forbids for now
    JAMMED = "jammed"  # many wait and few come out
    ABSENT = "absent"
    RAISING = "raising"
    FORBIDDING = "forbidding"  # at its target: no shrink
    REMEMBERING = "remembering"  # fired a while ago: no shrink to that load again
    QUIET = "quiet"
    CALM = "calm"
    NOT_ASKED = "not_asked"  # nothing about it in the trail, for instance while an override holds


_STATES = {
    Reason.GUARD_INEFFECTIVE: GuardState.INEFFECTIVE,
    Reason.GUARD_JAMMED: GuardState.JAMMED,
    Reason.GUARD_ABSENT: GuardState.ABSENT,
    Reason.GUARD_RAISE: GuardState.RAISING,
    Reason.GUARD_FORBIDS: GuardState.FORBIDDING,
    Reason.GUARD_MEMORY: GuardState.REMEMBERING,
    Reason.GUARD_QUIET: GuardState.QUIET,
    Reason.GUARD_MET: GuardState.CALM,
}
_URGENCY = {state: place for place, state in enumerate(GuardState)}


def guard_states(spec: ServiceSpec, decision: Decision) -> dict[str, GuardState]:
    """Return a state for each guard of the spec, in the spec's order; of several steps the most urgent counts."""
    states = {guard_id(guard): GuardState.NOT_ASKED for guard in spec.guards}
    for step in decision.trail:
        name = step.subject.partition(":")[0]  # an absent one says why after a colon
        state = _STATES.get(step.reason)
        if step.stage is Stage.GUARD and state is not None and name in states:
            states[name] = min(states[name], state, key=_URGENCY.__getitem__)
    return states
