"""Whether a guard's raises do any good, and how long its warnings are remembered.

Latency that more replicas cannot cure is the operator's to see, not the pool's to chase: a guard whose raises change
nothing is set aside until it has been calm for a window. (DESIGN 7.2; ADR 0006.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from disaggregated_service.core.pair import Pair, Role
from scaler.core.guard import Judged, Judgement, Still
from scaler.core.memory import Firing, GuardMemory, GuardRaise

SHARE_LOWERED_MIN_FRAC = 0.10
THROUGHPUT_PER_REPLICA_MIN_FRAC = 0.5
RAISES_WITHOUT_EFFECT_MAX = 2
MEMORY_OF_LOAD_FRAC = 0.9  # no shrink may bring the load per replica above this part of what it was at a firing
NEEDLESS_LOAD_FRAC = 0.5  # of the target: below it more replicas cannot be what is missing
FIRINGS_MAX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a guard's memory has to know of the tick. produced_by: smallest ready counts over the reading's window.

    load_role and load_per_replica_tps: of the guard's own role, or the driver's where that has no load metric; the
    load is None where it is absent. Throughputs are None where absent.
    """

    now_s: float
    window_s: float
    memory_s: float
    produced_by: Pair
    in_force: Pair
    maxima: Pair
    roles: tuple[Role, ...]
    load_role: Role
    load_per_replica_tps: float | None
    load_target_tps: float
    prefill_tps: float | None
    decode_tps: float | None


def remember(memory: GuardMemory, judgement: Judgement, at: Circumstances) -> GuardMemory:
    """The guard's memory after this tick's judgement, before any raise of this tick."""
    at_risk = isinstance(judgement, Judged) and judgement.standing.step >= 1.0
    calm = (isinstance(judgement, Judged) and not at_risk) or isinstance(judgement, Still)
    needless = (
        at_risk
        and at.load_per_replica_tps is not None
        and at.load_per_replica_tps < NEEDLESS_LOAD_FRAC * at.load_target_tps
    )
    needless_since_s = _since(memory.needless_since_s, needless, at.now_s)
    calm_since_s = _since(memory.calm_since_s, calm, at.now_s)
    firings = tuple(firing for firing in memory.firings if at.now_s - firing.at_s <= at.memory_s)
    if (needless_since_s, calm_since_s, firings) != (memory.needless_since_s, memory.calm_since_s, memory.firings):
        memory = replace(  # a calm guard stays the very same value, tick after tick
            memory, needless_since_s=needless_since_s, calm_since_s=calm_since_s, firings=firings
        )
    if memory.ineffective and memory.calm_since_s is not None and at.now_s - memory.calm_since_s >= at.window_s:
        memory = replace(memory, ineffective=False, raises_without_effect=0, raise_in_trial=None)
    if isinstance(judgement, Judged):
        memory = _try(memory, judgement, at)
    if memory.needless_since_s is not None and at.now_s - memory.needless_since_s >= at.memory_s > 0:
        memory = replace(memory, ineffective=True)
    return memory


def fired(memory: GuardMemory, at: Circumstances) -> GuardMemory:
    """The memory once the guard has asked for more than is in force; a load unknown or far too low teaches nothing."""
    load = at.load_per_replica_tps
    if load is None or load < NEEDLESS_LOAD_FRAC * at.load_target_tps:
        return memory
    firing = Firing(at_s=at.now_s, role=at.load_role, load_per_replica_tps=load)
    stricter = tuple(old for old in memory.firings if old.role is not firing.role or old.load_per_replica_tps < load)
    firings = (*stricter, firing)
    if len(firings) > FIRINGS_MAX:
        firings = (firings[0], *firings[2:])  # the oldest is the strictest: the one after it is missed least
    return replace(memory, firings=firings)


def on_trial(memory: GuardMemory, *, judged: Judged, after: Pair, at: Circumstances) -> GuardMemory:
    """The memory once a raise that this guard asked for was granted."""
    trial = GuardRaise(
        before=at.produced_by,
        after=after,
        slow_frac=judged.standing.slow_frac,
        prefill_tps=at.prefill_tps,
        decode_tps=at.decode_tps,
    )
    return replace(memory, raise_in_trial=trial)


def floor(memory: GuardMemory, role: Role, need: float, target_tps: float) -> float:
    """The replicas below which `role` may not shrink, for a load of `need * target_tps`; 0 without a firing.

    Each would carry more than 0.9 of what it carried at one of the firings.
    """
    loads = [firing.load_per_replica_tps for firing in memory.firings if firing.role is role]
    return need * target_tps / (MEMORY_OF_LOAD_FRAC * min(loads)) if loads else 0.0


def _since(since_s: float | None, holds: bool, now_s: float) -> float | None:
    if not holds:
        return None
    return now_s if since_s is None else since_s


def _try(memory: GuardMemory, judged: Judged, at: Circumstances) -> GuardMemory:
    """Judges the raise in trial once all of it has been ready for a whole window."""
    trial = memory.raise_in_trial
    if trial is None:
        return memory
    if any(at.in_force.of(role) < trial.after.of(role) for role in at.roles):
        return replace(memory, raise_in_trial=None)  # taken back meanwhile: nothing can be learnt from it
    if any(at.produced_by.of(role) < trial.after.of(role) for role in at.roles):
        return memory
    if _had_effect(trial, judged, at):
        return replace(memory, raise_in_trial=None, raises_without_effect=0)
    without_effect = memory.raises_without_effect + 1
    at_maxima = all(at.in_force.of(role) >= at.maxima.of(role) for role in at.roles)
    given_up = without_effect >= RAISES_WITHOUT_EFFECT_MAX or at_maxima
    return replace(
        memory,
        raise_in_trial=None,
        raises_without_effect=without_effect,
        ineffective=memory.ineffective or given_up,
    )


def _had_effect(trial: GuardRaise, judged: Judged, at: Circumstances) -> bool:
    if judged.standing.step < 1.0 or trial.slow_frac - judged.standing.slow_frac >= SHARE_LOWERED_MIN_FRAC:
        return True
    return any(
        _grew(before_tps, now_tps, trial.before.of(role), at.produced_by.of(role))
        for role, before_tps, now_tps in (
            (Role.PREFILL, trial.prefill_tps, at.prefill_tps),
            (Role.DECODE, trial.decode_tps, at.decode_tps),
        )
    )


def _grew(before_tps: float | None, now_tps: float | None, before: int, now: int) -> bool:
    """Whether a role's throughput rose by at least half of what was added to it in replicas."""
    if before_tps is None or now_tps is None or before_tps <= 0 or before == 0 or now <= before:
        return False
    return now_tps / before_tps - 1 >= THROUGHPUT_PER_REPLICA_MIN_FRAC * (now / before - 1)
