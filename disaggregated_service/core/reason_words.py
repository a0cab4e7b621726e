"""What each reason and each condition means, in a sentence; `{of}` is what a step or a condition is about.

A table and not a `match`: a test holds that no member is missing, and a translator could read it.
"""

from __future__ import annotations

from collections.abc import Mapping

from disaggregated_service.core.decision import ConditionType
from disaggregated_service.core.trail import Reason

REASON_WORDS: Mapping[Reason, str] = {
    Reason.WITHIN_BAND: "{of} is within its thresholds: neither more nor fewer replicas are asked for",
    Reason.LOAD_OUT: "{of} carries more than its target: more replicas are asked for",
    Reason.LOAD_IN: "{of} carries less than its target: fewer replicas would do",
    Reason.ABSENT_LOAD: "the load of {of} is unknown: it asks for nothing and nothing shrinks",
    Reason.ABSENT_DEMAND: "the demand of {of} arriving at the gateway is unknown: nothing shrinks",
    Reason.SILENT_REPLICAS: "replicas of {of} that cannot be seen count as full: no shrink",
    Reason.COOLDOWN_OUT: "{of} was raised a moment ago: the next raise for load waits",
    Reason.COOLDOWN_IN: "{of} changed a moment ago: a shrink waits",
    Reason.WAITING_TO_SHRINK: "the lower load of {of} has not lasted long enough yet",
    Reason.POOL_DOWN: "no replica of {of} is ready, so the other pool only looks idle: no shrink",
    Reason.BACKLOG: "more requests wait than replicas are ready: no shrink",
    Reason.REPLICAS_STUCK: "replicas of {of} do not become ready in time: they are not counted on, nor replaced",
    Reason.GUARD_MET: "{of} keeps its target",
    Reason.GUARD_RAISE: "{of} is above its target: more replicas than produced the reading are asked for",
    Reason.GUARD_FORBIDS: "{of} is at risk: no shrink",
    Reason.GUARD_ABSENT: "{of} is unknown: no shrink",
    Reason.GUARD_JAMMED: "{of} has hardly any samples while requests wait: the pool is jammed, no shrink",
    Reason.GUARD_QUIET: "{of} has too few samples to say anything",
    Reason.GUARD_MEMORY: "{of} fired not long ago: the load per replica may not come near to what it was then",
    Reason.GUARD_INEFFECTIVE: "{of} was not cured by more replicas: it neither raises nor forbids shrinking",
    Reason.SCHEDULE_FLOOR: "the schedule entry {of} asks for at least this many",
    Reason.SCHEDULE_FIXED: "the schedule fixes the pair ({of})",
    Reason.SCHEDULE_RATIO: "the schedule entry {of} has a ratio of its own",
    Reason.OVERRIDE_HOLD: "an engineer's annotation holds everything",
    Reason.OVERRIDE_PAIR: "an engineer's annotation asks for exactly this pair",
    Reason.BOUNDS: "the bounds of {of} changed and act at once",
    Reason.OVER_BUDGET: "the pair uses more GPUs than gpuBudget: it is brought down slowly",
    Reason.OUT_OF_BAND: "the pair lies outside the ratio's band and is being repaired",
    Reason.RATIO_REPAIR: "the ratio is repaired: the role below rises at once, the role above falls slowly",
    Reason.RATIO_INFEASIBLE: "no pair within the bounds has the ratio: no role is moved towards it",
    Reason.COUPLED: "the needs became the smallest pair that meets both and keeps the ratio",
    Reason.BOUNDED: "a bound, gpuBudget or hpaTolerance leaves part of the need unmet",
    Reason.DAMPED: "only part of the gap is closed in one step",
    Reason.NEXT_FEASIBLE: "damping would have stood still: the next feasible pair is taken",
    Reason.NO_SMALLER_PAIR: "no smaller pair meets the needs and keeps the ratio",
    Reason.NO_ROOM: "placement has no room for all of it",
}

CONDITION_WORDS: Mapping[ConditionType, str] = {
    ConditionType.GUARD_COARSE: (
        "the buckets around the target of {of} are coarse, so it fires late: choose a target at a bucket's bound"
    ),
    ConditionType.GUARD_INEFFECTIVE: "more replicas do not cure {of}: look for the cause elsewhere",
    ConditionType.JAMMED: "{of} waits but nothing is answered: a pool is jammed",
    ConditionType.QUEUE_UNKNOWN: "nobody says how many requests wait, so a jam cannot be told from quiet",
    ConditionType.REPLICAS_STUCK: "replicas of {of} do not become ready: look at their pods",
    ConditionType.SIGNALS_TOO_SPARSE: "samples are too rare for the window or staleAfter: {of} would never shrink",
    ConditionType.RATIO_INFEASIBLE: "no pair within the bounds has the ratio: no role is moved towards it",
    ConditionType.OUT_OF_BOUNDS: (
        "the target's replicas of {of} lie outside minReplicas..maxReplicas, where the HPA moves them by itself"
    ),
}
