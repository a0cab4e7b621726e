"""Counts by the time of day: what the paper's operators had before, and what a KEDA cron trigger does.

Source: arXiv 2508.19559, periodic scaling: static counts and a ratio per period. The schedule is learnt from the very
load that it is judged on, so this is the best that a schedule could have been, not what one would have been.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.pair import ROLES, Pair, Role
from heteroscale.simulator.policy.demand import demand_of
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledSettings:
    """period_s: of one row of the schedule. bin_s: means over so long are provisioned for. target_frac: of capacity; 0:

    the service's targets. lead_s: how long before its period a row begins to act; 0: the longest start-up.
    """

    period_s: float = 3600.0
    bin_s: float = 300.0
    target_frac: float = 0.0
    lead_s: float = 0.0


class Scheduled:
    """A row per period."""

    hands = Hands.CONTROLLER
    looks = False
    every_s = 15.0

    def __init__(self, settings: ScheduledSettings, plant: Plant) -> None:
        self._period_s = settings.period_s
        self._lead_s = settings.lead_s or plant.start_up_s
        self._rows = _rows(settings, plant)
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        """The larger of this period's counts and, shortly before its end, the next one's."""
        del seen
        last = len(self._rows) - 1
        now, soon = (min(last, int(at_s // self._period_s)) for at_s in (now_s, now_s + self._lead_s))
        self.reason = f"period {now + 1} of {last + 1}"
        return Pair(*(max(self._rows[now].of(role), self._rows[soon].of(role)) for role in ROLES))


def _rows(settings: ScheduledSettings, plant: Plant) -> list[Pair]:
    demand = demand_of(plant.requests, duration_s=plant.duration_s, bin_s=settings.bin_s, tbt_s=plant.slo.tbt_s)
    bins = max(1, round(settings.period_s / settings.bin_s))

    def needed(role: Role) -> list[int]:
        target = settings.target_frac * plant.capacity_tps(role) if settings.target_frac else plant.target_tps(role)
        rates = demand.of(role)
        peaks = [float(np.max(rates[at : at + bins])) for at in range(0, len(rates), bins)]
        return [max(1, math.ceil(peak / target)) for peak in peaks]

    return [plant.bounded_pair(p, d) for p, d in zip(needed(Role.PREFILL), needed(Role.DECODE), strict=True)]
