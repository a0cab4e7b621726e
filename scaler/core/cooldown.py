"""How long a role still has to wait, in either direction. Since a raise by a guard, out waits for nothing."""

from __future__ import annotations

from collections.abc import Iterable

from disaggregated_service.core.pair import Role
from disaggregated_service.core.ratio import MeasuredRatio
from scaler.core.memory import Clocks
from scaler.core.situation import Situation


def clocks(situation: Situation, role: Role) -> Clocks:
    """The role's cooldowns; with a fixed ratio both roles share one clock, the later of the two."""
    kept = situation.memory.clocks
    if isinstance(situation.spec.ratio, MeasuredRatio):
        return kept[role]
    return Clocks(
        load_raise_at_s=_latest(clock.load_raise_at_s for clock in kept.values()),
        change_at_s=_latest(clock.change_at_s for clock in kept.values()),
    )


def left_out_s(situation: Situation, role: Role) -> float:
    """Seconds until the last load-driven raise of the role is long enough ago for another; 0 or less once it is."""
    cooldown_s = situation.spec.load.cooldown.out_s
    return cooldown_s - _elapsed(clocks(situation, role).load_raise_at_s, situation.now_s)


def left_in_s(situation: Situation, role: Role) -> float:
    """Seconds until the last change of the role is long enough ago for a shrink; 0 or less once it is."""
    return situation.cooldown_in_s - _elapsed(clocks(situation, role).change_at_s, situation.now_s)


def _latest(instants: Iterable[float | None]) -> float | None:
    known = [instant for instant in instants if instant is not None]
    return max(known) if known else None


def _elapsed(since_s: float | None, now_s: float) -> float:
    return float("inf") if since_s is None else now_s - since_s
