"""A pair outside its band, its budget or its ceiling: brought back without letting a busy role fall.

Roles below the goal rise at once; roles above it fall only by the slow path. Coupling the needs afresh instead would
ask (24, 8), after an edit of the ratio from 3:1 to 1:3, for 63 decode replicas in one tick. (DESIGN 7.4; ADR 0007.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from disaggregated_service.core.decision import ConditionType
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import Band
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.cooldown import left_in_s
from scaler.core.coupling import Box, Coupled, Needs, couple, is_allowed, next_below, whole
from scaler.core.load_stage import LoadView
from scaler.core.move import Moved, damped_need, driving_reason, followed, load_raises
from scaler.core.period import Period
from scaler.core.situation import Situation
from scaler.core.want import Grow, Wants

ANY_RATIO = Band(0.0, 1e9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with the pair in force; at least one is."""

    out_of_band: bool
    over_budget: bool
    over_ceiling: bool

    @property
    def may_go_below_need(self) -> bool:
        """A lowered budget and a fixed pair are the operator's word; a ratio never takes what the load needs."""
        return self.over_budget or self.over_ceiling

    @property
    def reason(self) -> Reason:
        if self.out_of_band:
            return Reason.OUT_OF_BAND
        return Reason.OVER_BUDGET if self.over_budget else Reason.SCHEDULE_FIXED


def wrong(pair: Pair, box: Box, band: Band) -> Wrong | None:
    """Whether the pair needs repair. box.high holds the ceilings of this tick."""
    found = Wrong(
        out_of_band=not band.contains(pair),
        over_budget=box.gpu_budget is not None and box.cost(pair.prefill, pair.decode) > box.gpu_budget,
        over_ceiling=pair.prefill > box.high.prefill or pair.decode > box.high.decode,
    )
    return found if found.out_of_band or found.over_budget or found.over_ceiling else None


def repair(situation: Situation, wants: Wants, loads: LoadView, period: Period, box: Box, fault: Wrong) -> Moved:
    """One step of a repair; the pair stays where every part of it has to wait."""
    pair = situation.pair
    own = _own_needs(situation, wants, loads, period)
    # The HPA's tolerance bounds each step, not the goal: where it forbids every pair there would be no goal at all.
    anywhere = replace(box, hpa_tolerance=0.0)
    goal = couple(Needs(own[Role.PREFILL], own[Role.DECODE]), period.band, anywhere, ratio=period.ratio)
    situation.trace.move(Stage.REPAIR, pair, goal.pair, fault.reason, "", ("unmet_frac", goal.unmet_frac))
    if not goal.in_band:
        situation.trace.condition(ConditionType.RATIO_INFEASIBLE)
        situation.note(Stage.REPAIR, Reason.RATIO_INFEASIBLE)
    chosen = _rise(situation, wants, loads, own, goal, box)
    above = tuple(role for role in ROLES if goal.pair.of(role) < pair.of(role))
    falling = tuple(role for role in above if _may_fall(situation, wants, loads, role))
    if goal.in_band and not fault.out_of_band:  # inside its band it falls inside it: together, or not at all
        if above and falling == above:
            chosen = _lowered(situation, goal.pair, box, period)
    elif goal.in_band or fault.may_go_below_need:
        for role in falling:
            least = goal.pair.of(role)
            if not fault.may_go_below_need:
                least = max(least, whole(own[role]), whole(wants.keep[role]))
            chosen = chosen.with_role(role, _fallen(situation, pair.of(role), least))
    if chosen == pair:
        return Moved(pair=pair, reason=wants.blocked or (fault.reason if goal.in_band else Reason.RATIO_INFEASIBLE))
    situation.trace.move(Stage.REPAIR, pair, chosen, Reason.RATIO_REPAIR)
    raises = load_raises(wants, pair, chosen)
    asked = raises or any(chosen.of(role) > pair.of(role) and wants.firm(role) > pair.of(role) for role in ROLES)
    reason = driving_reason(wants, pair, chosen) if asked else Reason.RATIO_REPAIR
    return Moved(pair=chosen, reason=reason, load_raises=raises)


def _own_needs(situation: Situation, wants: Wants, loads: LoadView, period: Period) -> dict[Role, float]:
    """Each role's own need: what its load asks for now, else the largest of its window, at most what is in force.

    A window that is not full yet serves as well: it raises the follower of a load that is small, not of a pool that is
    large, and nothing falls before it is full.
    """
    needs = {role: float(situation.pair.of(role)) for role in ROLES}
    for role in situation.spec.driving_roles:
        want, window = wants.by_load[role], loads.needs[role]
        if isinstance(want, Grow):
            needs[role] = damped_need(want.need, situation.pair.of(role), situation.spec.damping)
        elif window.maxima and loads.known(role) is not None:
            needs[role] = min(needs[role], window.largest)
    if period.ratio is not None:
        driver = situation.spec.load.driver
        needs[driver.other] = followed(needs[driver], driver, period.ratio)
    return {role: max(needs[role], wants.firm(role)) for role in ROLES}


def _rise(
    situation: Situation, wants: Wants, loads: LoadView, own: Mapping[Role, float], goal: Coupled, box: Box
) -> Pair:
    """Roles below the goal, raised within what is left of the budget.

    Towards the ratio only while the load is known and the ratio can be met; towards what a load, a guard or a floor
    asks for in any case.
    """
    pair = situation.pair
    towards_ratio = goal.in_band and loads.is_known(situation.spec.driving_roles)
    wanted = {}
    for role in ROLES:
        asked = max(wants.firm(role), own[role] if isinstance(wants.by_load.get(role), Grow) else 0.0)
        limit = goal.pair.of(role) if towards_ratio else min(goal.pair.of(role), whole(asked))
        wanted[role] = max(pair.of(role), limit)
    top = Pair(wanted[Role.PREFILL], wanted[Role.DECODE])
    if top == pair or (box.gpu_budget is not None and box.cost(pair.prefill, pair.decode) > box.gpu_budget):
        return pair
    return couple(Needs(top.prefill, top.decode), ANY_RATIO, replace(box, low=pair, high=top), ratio=None).pair


def _may_fall(situation: Situation, wants: Wants, loads: LoadView, role: Role) -> bool:
    """The slow path's gates: load known, nothing that forbids, cooled down, and watched for a whole window."""
    watched = role if role in situation.spec.driving_roles else situation.spec.load.driver
    return (
        wants.blocked is None
        and left_in_s(situation, role) <= 0
        and loads.needs[watched].is_full(now_s=situation.now_s, span_s=situation.cooldown_in_s)
    )


def _lowered(situation: Situation, goal: Pair, box: Box, period: Period) -> Pair:
    """A pair inside its band but over its budget or ceiling: one damped step down together, inside the band."""
    pair, damping = situation.pair, situation.spec.damping
    low = Pair(min(goal.prefill, pair.prefill), min(goal.decode, pair.decode))
    above = replace(box, low=low, high=pair, gpu_budget=None)
    step = Needs(damped_need(low.prefill, pair.prefill, damping), damped_need(low.decode, pair.decode, damping))
    chosen = couple(step, period.band, above, ratio=period.ratio).pair
    return chosen if chosen != pair else next_below(period.band, above, goal=low, ratio=period.ratio) or pair


def _fallen(situation: Situation, count: int, least: int) -> int:
    """One damped step down, at least one replica, never below `least`, and far enough for the HPA to obey."""
    if least >= count:
        return count
    step = max(least, min(count - 1, whole(damped_need(least, count, situation.spec.damping))))
    while step >= least and not is_allowed(step, count, situation.spec.hpa_tolerance):
        step -= 1
    return step if step >= least else count
