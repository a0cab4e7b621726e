"""The pair in force when a process begins: never fewer than may be running.

Without a cluster: the highest number of replicas discovered over one whole window, or what was persisted if that is
more. A count among those persisted lately, or between them, is only a change still under way. (DESIGN 7, Start.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from disaggregated_service.core.pair import ROLES, Pair
from scaler.core.memory import Memory

NOBODY = Pair(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Counting replicas. since_s is None until the first observation; highest: per role, discovered so far."""

    since_s: float | None = None
    highest: Pair = NOBODY


UNCOUNTED = Beginning()


def counted(beginning: Beginning, discovered: Pair, now_s: float) -> Beginning:
    """One more observation."""
    highest = Pair(max(beginning.highest.prefill, discovered.prefill), max(beginning.highest.decode, discovered.decode))
    return Beginning(since_s=now_s if beginning.since_s is None else beginning.since_s, highest=highest)


def begin(
    beginning: Beginning, persisted: Memory | None, *, now_s: float, window_s: float, deadline_s: float
) -> Memory | str:
    """The memory to start from, or in words what is still missing for it."""
    if beginning.since_s is None:
        return "no observation yet"
    left_s = window_s - (now_s - beginning.since_s)
    if left_s > 0:
        return f"counting replicas for another {left_s:.0f} s"
    if persisted is not None:
        recent = [pair for at_s, pair in persisted.counts if now_s - at_s <= deadline_s]
        pair = Pair(
            *(
                _larger(beginning.highest.of(role), persisted.in_force.of(role), [each.of(role) for each in recent])
                for role in ROLES
            )
        )
        return replace(persisted, in_force=pair)
    empty = [role.value for role in ROLES if beginning.highest.of(role) == 0]
    if empty:
        return f"no {' or '.join(empty)} replica discovered and nothing persisted; say --current NS/NAME=4P12D"
    return Memory(in_force=beginning.highest)


def _larger(discovered: int, persisted: int, recent: list[int]) -> int:
    if recent and min(recent) <= discovered <= max(recent):
        return persisted
    return max(discovered, persisted)
