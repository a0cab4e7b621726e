"""The ordered steps that led to a decision, and the closed list of reasons they may give.

Everything a person reads about a decision (log, metric, event, status, page, `explain`) is rendered from
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from disaggregated_service.core.pair import Pair

TRAIL_STEPS_MAX = 64  # a trail is read by people and stored in status; no rule needs nearly as many


class Stage(StrEnum):
    """Where in the tick a step was taken, in the order in which stages run."""

    START = "start"
    BOUND = "bound"
    LOAD = "load"
    GUARD = "guard"
    SCHEDULE = "schedule"
    OVERRIDE = "override"
    REPAIR = "repair"
    COUPLING = "coupling"
    DAMPING = "damping"
    PLACEMENT = "placement"


class Reason(StrEnum):
    """Why a step did what it did. A code for machines; `sentence` in explanation.py turns a step into
    words.
    """

    # load
    WITHIN_BAND = "within_band"  # neither more nor fewer are asked for
    LOAD_OUT = "load_out"
    LOAD_IN = "load_in"
    ABSENT_LOAD = "absent_load"
    ABSENT_DEMAND = "absent_demand"
    SILENT_REPLICAS = "silent_replicas"  # those not seen count as full, which forbids this shrink
    COOLDOWN_OUT = "cooldown_out"
    COOLDOWN_IN = "cooldown_in"
    WAITING_TO_SHRINK = "waiting_to_shrink"  # the lower need has not lasted the whole window yet
    POOL_DOWN = "pool_down"  # nobody of a role is ready: the other has nothing to do, and looks idle
    BACKLOG = "backlog"
    REPLICAS_STUCK = "replicas_stuck"
    # guards
    GUARD_MET = "guard_met"  # below its first tier
    GUARD_RAISE = "guard_raise"
    GUARD_FORBIDS = "guard_forbids"  # at risk: no shrink
    GUARD_ABSENT = "guard_absent"
    GUARD_JAMMED = "guard_jammed"
    GUARD_QUIET = "guard_quiet"
    GUARD_MEMORY = "guard_memory"
    GUARD_INEFFECTIVE = "guard_ineffective"
    # schedule and overrides
    SCHEDULE_FLOOR = "schedule_floor"
    SCHEDULE_FIXED = "schedule_fixed"
    SCHEDULE_RATIO = "schedule_ratio"
    OVERRIDE_HOLD = "override_hold"
    OVERRIDE_PAIR = "override_pair"
    # bounds and repair
    BOUNDS = "bounds"  # a raised minimum or a lowered maximum acts at once
    OVER_BUDGET = "over_budget"
    OUT_OF_BAND = "out_of_band"
    RATIO_REPAIR = "ratio_repair"
    RATIO_INFEASIBLE = "ratio_infeasible"
    # from needs to integers
    COUPLED = "coupled"
    BOUNDED = "bounded"  # a bound, the budget or the HPA's tolerance leaves part of the need unmet
    DAMPED = "damped"
    NEXT_FEASIBLE = "next_feasible"  # damping would have stood still
    NO_SMALLER_PAIR = "no_smaller_pair"
    # placement
    NO_ROOM = "no_room"


@dataclass(frozen=True, slots=True)
class TrailStep:
    """One step: what the pair was before and after it, why, about what, and with which numbers.

    `subject` names the role, guard or schedule entry where one is meant. `numbers` are (name, value) with
    the unit in the name. Positional on purpose: a tick over a thousand services builds ten thousand of
    these.
    """

    stage: Stage
    before: Pair
    after: Pair
    reason: Reason
    subject: str = ""
    numbers: tuple[tuple[str, float], ...] = ()
