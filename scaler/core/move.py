"""The ordinary step: a pair inside its band moves to another one inside it.

The needs are coupled undamped first (the goal), then the step towards it is coupled; damping applies to load needs
only, never to what guards and floors ask. (DESIGN 7.5, 7.6; ADR 0004.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from disaggregated_service.core.load_spec import Damping
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import EPSILON, MeasuredRatio
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.coupling import Box, Needs, couple, next_below
from scaler.core.period import Period
from scaler.core.situation import Situation
from scaler.core.want import Grow, Shrink, Stay, Wants


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The pair wanted, why, and the roles whose raise is the load's (it starts their `out` clock)."""

    pair: Pair
    reason: Reason
    load_raises: frozenset[Role] = frozenset()


def move(situation: Situation, wants: Wants, period: Period, box: Box) -> Moved:
    """One step from a pair that lies inside band, budget and ceiling."""
    pair, damping = situation.pair, situation.spec.damping
    load = {role: want.need for role, want in wants.by_load.items() if not isinstance(want, Stay)}
    rises = any(wants.firm(role) > pair.of(role) + EPSILON for role in ROLES) or any(
        isinstance(want, Grow) for want in wants.by_load.values()
    )
    if not load and not rises:
        return Moved(pair=pair, reason=wants.reason_to_stay)
    box = _directed(situation.spec, wants, pair, box, rises=rises)
    goal = couple(_needs(situation, wants, period, load, rises=rises), period.band, box, ratio=period.ratio)
    met = Reason.COUPLED if goal.unmet_frac == 0 else Reason.BOUNDED
    situation.trace.move(Stage.COUPLING, pair, goal.pair, met, "", ("unmet_frac", goal.unmet_frac))
    damped = {role: damped_need(need, pair.of(role), damping) for role, need in load.items()}
    step = couple(_needs(situation, wants, period, damped, rises=rises), period.band, box, ratio=period.ratio)
    chosen = step.pair
    if chosen != goal.pair:
        situation.trace.move(Stage.DAMPING, goal.pair, chosen, Reason.DAMPED)
    if chosen == pair and not rises:
        below = next_below(period.band, box, goal=goal.pair, ratio=period.ratio)
        chosen = below or pair
        reason = Reason.NEXT_FEASIBLE if below is not None else Reason.NO_SMALLER_PAIR
        situation.trace.move(Stage.DAMPING, pair, chosen, reason)
    if chosen == pair:
        return Moved(pair=pair, reason=Reason.BOUNDED if rises else _what_keeps_it(wants, period, pair))
    return Moved(pair=chosen, reason=driving_reason(wants, pair, chosen), load_raises=load_raises(wants, pair, chosen))


def _what_keeps_it(wants: Wants, period: Period, pair: Pair) -> Reason:
    """Why a shrink that may happen finds nothing smaller."""
    if period.ceiling is not None:
        return Reason.SCHEDULE_FIXED
    if any(wants.floors.of(role) >= pair.of(role) for role in ROLES):
        return Reason.SCHEDULE_FLOOR
    if any(wants.keep[role] > pair.of(role) - 1 + EPSILON for role in ROLES):
        return Reason.GUARD_MEMORY
    return Reason.NO_SMALLER_PAIR


def damped_need(need: float, in_force: int, damping: Damping) -> float:
    """`in force + damping * (need - in force)`, each direction with its own fraction."""
    fraction = damping.out if need > in_force else damping.in_
    return in_force + fraction * (need - in_force)


def load_raises(wants: Wants, pair: Pair, chosen: Pair) -> frozenset[Role]:
    """The roles whose own load asked for more and that got more, in part at least."""
    return frozenset(
        role for role, want in wants.by_load.items() if isinstance(want, Grow) and chosen.of(role) > pair.of(role)
    )


def driving_reason(wants: Wants, pair: Pair, chosen: Pair) -> Reason:
    """Whose ask was the largest in proportion to what is in force; on a tie the load's, then the guards'."""
    grew = any(chosen.of(role) > pair.of(role) for role in ROLES)
    if not grew:
        return Reason.LOAD_IN
    load = max(
        (want.need / max(1, pair.of(role)) for role, want in wants.by_load.items() if isinstance(want, Grow)),
        default=0.0,
    )
    guard = max(wants.guard[role] / max(1, pair.of(role)) for role in ROLES)
    schedule = max(wants.floors.of(role) / max(1, pair.of(role)) for role in ROLES)
    largest = max(load, guard, schedule)
    if load >= largest - EPSILON:
        return Reason.LOAD_OUT
    return Reason.GUARD_RAISE if guard >= largest - EPSILON else Reason.SCHEDULE_FLOOR


def _needs(situation: Situation, wants: Wants, period: Period, load: Mapping[Role, float], *, rises: bool) -> Needs:
    """Per role: its load's need, else its count in force; the follower's by the ratio; then guards and floors."""
    driver = situation.spec.load.driver
    needs = {role: float(situation.pair.of(role)) for role in ROLES}
    needs.update(load)
    if period.ratio is not None and driver in load:
        needs[driver.other] = followed(load[driver], driver, period.ratio)
    for role in ROLES:
        if not rises:
            needs[role] = max(needs[role], wants.keep[role])
        needs[role] = max(needs[role], wants.firm(role))
    return Needs(needs[Role.PREFILL], needs[Role.DECODE])


def followed(need: float, driver: Role, ratio: float) -> float:
    """The follower's need for the driver's: P = D * r, or D = P / r."""
    return need * ratio if driver is Role.DECODE else need / ratio


def _directed(spec: ServiceSpec, wants: Wants, pair: Pair, box: Box, *, rises: bool) -> Box:
    """The box cut to the direction: fixed, both pools rise or both fall; measured, only who may fall falls."""
    if isinstance(spec.ratio, MeasuredRatio):
        low = Pair(*(box.low.of(role) if isinstance(wants.by_load[role], Shrink) else pair.of(role) for role in ROLES))
        return replace(box, low=low)
    return replace(box, low=pair) if rises else replace(box, high=pair)
