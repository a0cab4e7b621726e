"""What one service's policy carries from tick to tick.

All instants are monotonic seconds of this process; `memory_record.py` turns them into ages and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.pair import ROLES, Pair, Role
from scaler.core.need_window import EMPTY, NeedWindow
from scaler.core.ready_history import NOTHING_SEEN, ReadyRuns
from scaler.core.starting import NOBODY_STARTING, StartingReplicas


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """One role's cooldowns. None: never since the state began, which holds nothing back."""

    load_raise_at_s: float | None = None
    change_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A tick at which a guard asked for more: the load per replica of `role` then, in tokens/s."""

    at_s: float
    role: Role
    load_per_replica_tps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRaise:
    """A granted raise that a guard asked for, waiting to be judged once it is ready for a whole window.

    before, after: ready counts when it was asked for, and the pair it led to. Throughputs are None where unknown.
    """

    before: Pair
    after: Pair
    slow_frac: float
    prefill_tps: float | None
    decode_tps: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardMemory:
    """One guard. Since-instants are None while the thing is not so."""

    firings: tuple[Firing, ...] = ()
    raise_in_trial: GuardRaise | None = None
    raises_without_effect: int = 0
    ineffective: bool = False
    needless_since_s: float | None = None  # at tier 1.0 or above, with the load per replica below half the target
    calm_since_s: float | None = None  # below tier 1.0, or quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One service. in_force: the pair the next step starts from. counts: the pairs in force lately, newest last.

    needs is the one part that is never persisted.
    """

    in_force: Pair
    clocks: Mapping[Role, Clocks] = field(default_factory=lambda: {role: Clocks() for role in ROLES})
    ready: ReadyRuns = NOTHING_SEEN
    starting: Mapping[Role, StartingReplicas] = field(default_factory=lambda: dict.fromkeys(ROLES, NOBODY_STARTING))
    counts: tuple[tuple[float, Pair], ...] = ()
    guards: Mapping[str, GuardMemory] = field(default_factory=dict)
    needs: Mapping[Role, NeedWindow] = field(default_factory=lambda: dict.fromkeys(ROLES, EMPTY))
