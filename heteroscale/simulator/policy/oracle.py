"""Who knows the trace and the start-up delay: the counts that carry the load at each moment, with one headroom.

Not deployable. Replicas are asked for so early that the slowest start is over when the load comes, and given up when
nothing within one start needs them any more (a gap shorter than a start cannot be saved anyhow). The headroom is the
factor on the needed capacity, one for both roles and the whole run; `loop_oracle.py` finds the smallest that still
reaches the attainment asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.policy.demand import demand_of
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import Seen

SLACK_S = 15.0  # a wish takes effect at the next sync at the latest


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleSettings:
    """headroom: factor on the needed capacity; 0: found by bisection. attained_frac: what it has to reach."""

    headroom: float = 0.0
    bin_s: float = 60.0
    attained_frac: float = 0.99


class Oracle:
    """A plan made before the run."""

    hands = Hands.CONTROLLER
    looks = False
    every_s = 15.0

    def __init__(self, settings: OracleSettings, plant: Plant) -> None:
        self._bin_s = settings.bin_s
        self._plan = _plan(settings, plant)
        self.reason = f"headroom {settings.headroom:.3f}"

    def wish(self, seen: Seen, now_s: float) -> Pair:
        del seen
        return self._plan[min(len(self._plan) - 1, int(now_s // self._bin_s))]


def _plan(settings: OracleSettings, plant: Plant) -> list[Pair]:
    demand = demand_of(plant.requests, duration_s=plant.duration_s, bin_s=settings.bin_s, tbt_s=plant.slo.tbt_s)
    ahead = math.ceil((plant.start_up_s + SLACK_S) / settings.bin_s)

    def wanted(role: Role) -> list[int]:
        needs = np.ceil(demand.of(role) * settings.headroom / plant.capacity_tps(role) - 1e-9)
        padded = np.concatenate((needs, np.full(ahead, needs[-1])))
        windows = np.lib.stride_tricks.sliding_window_view(padded, ahead + 1)
        return [max(1, int(most)) for most in windows.max(axis=1)]

    return [plant.bounded_pair(p, d) for p, d in zip(wanted(Role.PREFILL), wanted(Role.DECODE), strict=True)]
