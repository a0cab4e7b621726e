"""Fleets that never change, sized for the peak or for the 95th percentile of the load.

Source: the comparison that the paper makes (arXiv 2508.19559: a service provisioned for its peak). They know the whole
load, which no operator does, and each role is sized by its own; they have the headroom of the service's own targets,
or `target_frac` of capacity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.policy.demand import demand_of
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticSettings:
    """bin_s: means over so long are what is provisioned for. target_frac: of capacity; 0: the service's targets."""

    percentile: float = 100.0
    bin_s: float = 300.0
    target_frac: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticP95Settings(StaticSettings):
    """As above, at the 95th percentile of the bins."""

    percentile: float = 95.0


class Static:
    """The same pair for ever."""

    hands = Hands.CONTROLLER
    looks = False
    every_s = 3600.0

    def __init__(self, settings: StaticSettings, plant: Plant) -> None:
        self._pair = static_pair(settings, plant)
        self.reason = f"sized for the {settings.percentile:g}th percentile of the load"

    def wish(self, seen: Seen, now_s: float) -> Pair:
        del seen, now_s
        return self._pair


def static_pair(settings: StaticSettings, plant: Plant) -> Pair:
    """The constant pair."""
    demand = demand_of(plant.requests, duration_s=plant.duration_s, bin_s=settings.bin_s, tbt_s=plant.slo.tbt_s)

    def needed(role: Role) -> int:
        target = settings.target_frac * plant.capacity_tps(role) if settings.target_frac else plant.target_tps(role)
        return max(1, math.ceil(float(np.percentile(demand.of(role), settings.percentile)) / target))

    return plant.bounded_pair(needed(Role.PREFILL), needed(Role.DECODE))
