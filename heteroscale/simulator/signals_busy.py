"""GPU utilisation and SM activity of a pool over the last scrape interval, as a GPU exporter shows them.

Utilisation is the share of time in which any kernel runs: on a decode replica that is whenever there is a request at
all, which is why it says so little about load. SM activity is the share of the multiprocessors' time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from disaggregated_service.core.pair import ROLES, Role
from heteroscale.simulator.world.interface import SimulatedWorld


class Busyness:
    """Differences of the world's own counters between two scrapes."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._before = (0.0, 0.0, 0.0, 0.0)
        self.gpu_util_frac = math.nan
        self.sm_active_frac = math.nan

    def read(self, world: SimulatedWorld) -> None:
        """Takes in the counters as they stand now."""
        now = (world.now_s, *_counters(world, self._role))
        _, busy_s, active_s, serving_s = (b - a for a, b in zip(self._before, now, strict=True))
        self._before = now
        self.gpu_util_frac = min(1.0, busy_s / serving_s) if serving_s > 0 else math.nan
        self.sm_active_frac = min(1.0, active_s / serving_s) if serving_s > 0 else math.nan


def busy_figures(world: SimulatedWorld) -> Mapping[str, float]:
    """The same shares over the whole run, by the names of `measure.FIGURES`."""
    figures: dict[str, float] = {}
    for role in ROLES:
        busy_s, active_s, serving_s = _counters(world, role)
        figures[f"{role}_gpu_util_mean"] = busy_s / serving_s if serving_s > 0 else 0.0
        figures[f"{role}_sm_active_mean"] = active_s / serving_s if serving_s > 0 else 0.0
    return figures


def _counters(world: SimulatedWorld, role: Role) -> tuple[float, float, float]:
    """Replica-seconds so far with a kernel running, of active SMs, and of serving at all."""
    return world.busy_s(role), world.sm_active_s(role), world.serving_s(role)
