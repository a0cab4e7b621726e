"""How long a replica takes from being asked for to serving, and whether it ever does.

Drawn from the seed, the role and the replica's number, so that two policies meet the same fate with their n-th replica.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from disaggregated_service.core.pair import Role

BACK_OFF_S = 10.0
BACK_OFF_S_MAX = 300.0
"""What a kubelet waits before it starts a crashed container again: doubling from 10 s, at most 5 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """One attempt takes mean +- jitter, evenly spread.

    crash_frac: share of the attempts that end in a crash and are begun again after the kubelet's back-off. stuck_frac:
    share of the replicas that never serve (no node, no image). Both are billed like any other.
    """

    mean_s: float = 120.0
    jitter_s: float = 15.0
    seed: int = 1
    crash_frac: float = 0.0
    stuck_frac: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.jitter_s <= self.mean_s and math.isfinite(self.mean_s)):
            raise ValueError(f"jitter_s is {self.jitter_s} and mean_s {self.mean_s}; 0 <= jitter_s <= mean_s must hold")
        if not (0 <= self.crash_frac < 1 and 0 <= self.stuck_frac <= 1):
            raise ValueError("crash_frac must be at least 0 and below 1, stuck_frac within 0 and 1")

    def of(self, role: Role, number: int) -> float:
        """Seconds until the role's n-th replica serves; infinite for one that never will."""
        drawn = random.Random(f"{self.seed}/{role}/{number}")
        took_s = self._attempt_s(drawn)
        if drawn.random() < self.stuck_frac:
            return math.inf
        back_off_s = BACK_OFF_S
        while drawn.random() < self.crash_frac:
            took_s += back_off_s + self._attempt_s(drawn)
            back_off_s = min(2 * back_off_s, BACK_OFF_S_MAX)
        return took_s

    def _attempt_s(self, drawn: random.Random) -> float:
        return self.mean_s + drawn.uniform(-self.jitter_s, self.jitter_s)
