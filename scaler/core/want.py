"""What each role wants at this tick, once cooldowns, windows and guards have had their say.

A raise may always be asked for; a shrink has to pass every gate here, in the order in which they are listed. The gate
that stopped it is the reason a person reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import EPSILON
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.cooldown import left_in_s, left_out_s
from scaler.core.guard import queue_of
from scaler.core.guard_effect import floor
from scaler.core.guard_stage import GuardView
from scaler.core.load import AskIn, AskOut, NoAsk
from scaler.core.load_stage import LoadView
from scaler.core.period import Period
from scaler.core.situation import Situation
from scaler.core.trace import Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Grow:
    """The role's load asks for more, and may."""

    need: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrink:
    """The role's load asks for fewer, and may. need: the largest of the whole window."""

    need: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Nothing is asked, or something forbids it: the gate's reason."""

    reason: Reason


Want = Grow | Shrink | Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Replicas below which one guard's memory lets a role not shrink; 0 where none does."""

    guard: str
    replicas: float


NOTHING_KEPT = Kept(guard="", replicas=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """by_load: of the driving roles. guard, floors: replicas that guards and the schedule ask for, 0 for none.

    keep: replicas below which guard memory lets no role shrink. blocked: the gate that stops every shrink, or None.
    """

    by_load: Mapping[Role, Want]
    guard: Mapping[Role, float]
    floors: Pair
    keep: Mapping[Role, float]
    blocked: Reason | None

    def firm(self, role: Role) -> float:
        """What guards and schedule ask for: never damped, never cooled down."""
        return max(self.guard[role], float(self.floors.of(role)))

    @property
    def reason_to_stay(self) -> Reason:
        """The gate to name when nothing moves: the first that is more than being content."""
        reasons = [want.reason for want in self.by_load.values() if isinstance(want, Stay)]
        telling = [reason for reason in reasons if reason is not Reason.WITHIN_BAND]
        return telling[0] if telling else Reason.WITHIN_BAND


def pass_gates(situation: Situation, loads: LoadView, guards: GuardView, period: Period) -> Wants:
    """Every role's want. The trail names the gate of each shrink that is not allowed."""
    blocked = _blocked(situation, loads, guards)
    kept = {role: _keep(situation, loads, guards, role) for role in ROLES}
    by_load: dict[Role, Want] = {}
    for role in situation.spec.driving_roles:
        match loads.asks.get(role):
            case None:
                by_load[role] = Stay(reason=Reason.ABSENT_LOAD)
            case AskOut(need=need):
                by_load[role] = _grow(situation, period, role, need)
            case NoAsk(silent=True):
                by_load[role] = Stay(reason=Reason.SILENT_REPLICAS)
            case NoAsk():  # an SLO at risk is worth saying, whatever the load
                by_load[role] = Stay(reason=guards.forbids or Reason.WITHIN_BAND)
            case AskIn():
                by_load[role] = _shrink(situation, loads, role, blocked, kept[role])
    guard = {role: guards.ask_for(role) for role in ROLES}
    keep = {role: floor.replicas for role, floor in kept.items()}
    return Wants(by_load=by_load, guard=guard, floors=period.floors, keep=keep, blocked=blocked)


def _grow(situation: Situation, period: Period, role: Role, need: float) -> Want:
    left_s = left_out_s(situation, role)
    if left_s > 0:
        return _stay(situation, Reason.COOLDOWN_OUT, role, ("left_s", left_s))
    heard = need if period.ceiling is None else min(need, float(period.ceiling.of(role)))
    if heard <= situation.pair.of(role):
        return _stay(situation, Reason.SCHEDULE_FIXED, role, ("need", need))
    return Grow(need=heard)


def _shrink(situation: Situation, loads: LoadView, role: Role, blocked: Reason | None, keep: Kept) -> Want:
    if blocked is not None:
        return Stay(reason=blocked)
    left_s = left_in_s(situation, role)
    if left_s > 0:
        return _stay(situation, Reason.COOLDOWN_IN, role, ("left_s", left_s))
    window, span_s = loads.needs[role], situation.cooldown_in_s
    if not window.is_full(now_s=situation.now_s, span_s=span_s):
        left_s = window.remaining_s(now_s=situation.now_s, span_s=span_s)
        return _stay(situation, Reason.WAITING_TO_SHRINK, role, ("left_s", left_s))
    if window.largest >= loads.spared_from.of(role) * situation.spec.load.scale_in_below - EPSILON:
        return _stay(situation, Reason.WAITING_TO_SHRINK, role, ("largest_need", window.largest))
    if keep.replicas > window.largest + EPSILON:
        situation.note(Stage.GUARD, Reason.GUARD_MEMORY, keep.guard, ("kept", keep.replicas), ("need", window.largest))
        if keep.replicas > situation.pair.of(role) - 1 + EPSILON:
            return Stay(reason=Reason.GUARD_MEMORY)
    return Shrink(need=max(window.largest, keep.replicas))


def _stay(situation: Situation, reason: Reason, role: Role, *numbers: Number) -> Stay:
    situation.note(Stage.LOAD, reason, role.value, *numbers)
    return Stay(reason=reason)


def _blocked(situation: Situation, loads: LoadView, guards: GuardView) -> Reason | None:
    """What forbids any shrink at all, worst ignorance first."""
    driving = [loads.known(role) for role in situation.spec.driving_roles]
    if any(known is None for known in driving):
        return Reason.ABSENT_LOAD
    if any(known is not None and known.demand_absent for known in driving):
        situation.note(Stage.LOAD, Reason.ABSENT_DEMAND)
        return Reason.ABSENT_DEMAND
    if guards.forbids is not None:
        return guards.forbids
    ready = situation.observation.signals.ready
    for role in ROLES:
        if ready.of(role) == 0 < situation.pair.of(role):
            situation.note(Stage.LOAD, Reason.POOL_DOWN, role.value, ("in_force", situation.pair.of(role)))
            return Reason.POOL_DOWN
    queue = queue_of(situation.observation.signals)
    if queue.waiting > ready.prefill + ready.decode:
        numbers = (("waiting", queue.waiting), ("ready", float(ready.prefill + ready.decode)))
        situation.note(Stage.LOAD, Reason.BACKLOG, "", *numbers)
        return Reason.BACKLOG
    return None


def _keep(situation: Situation, loads: LoadView, guards: GuardView, role: Role) -> Kept:
    """Guard memory's floor for a role, at most what is in force; all of it where the load is not known."""
    load = situation.spec.load.of(role)
    if load is None or not any(memory.firings for memory in guards.memories.values()):
        return NOTHING_KEPT
    known = loads.known(role)
    need = loads.needs[role].largest if known is not None else float("inf")
    floors = {name: floor(memory, role, need, load.target) for name, memory in guards.memories.items()}
    guard = max(floors, key=floors.__getitem__)
    return Kept(guard=guard, replicas=min(floors[guard], float(situation.pair.of(role))))
