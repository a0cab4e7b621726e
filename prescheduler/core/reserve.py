"""GPUs of each tier that are never allotted, so that who needs a scarce domain tomorrow finds one."""

from __future__ import annotations

import numpy as np

from disaggregated_service.core.topology_labels import Reserve
from prescheduler.core.capacity import FreeGpus
from prescheduler.core.subgroup import Subgroups
from prescheduler.core.topology import Integers

UNLIMITED = np.iinfo(np.int64).max // 2


class Reserves:
    """GPUs of one profile that may still be allotted in this cycle, per tier rank."""

    def __init__(self, subgroups: Subgroups, free: FreeGpus) -> None:
        reserve = subgroups.view.profile.reserve
        self._left = np.array(
            [_left(subgroups, free, rank, fraction) for rank, fraction in enumerate(_fractions(reserve))],
            dtype=np.int64,
        )

    def left(self, tier: int) -> int:
        """GPUs of one tier rank."""
        return int(self._left[tier])

    def left_of(self, tiers: Integers) -> Integers:
        """GPUs of each tier rank asked for."""
        found: Integers = self._left[tiers]
        return found

    def take(self, tier: int, gpus: int) -> None:
        """Allot so many; a negative number gives them back."""
        if self._left[tier] < UNLIMITED:
            self._left[tier] -= gpus


def _fractions(reserve: Reserve) -> tuple[float, float, float]:
    return (reserve.low, reserve.medium, reserve.high)


def _left(subgroups: Subgroups, free: FreeGpus, rank: int, fraction: float) -> int:
    if not fraction:
        return int(UNLIMITED)
    view = subgroups.view
    counted = view.eligible & (subgroups.tier == rank)
    resource = view.profile.gpu_resource
    kept = int(np.ceil(free.allocatable(resource)[counted].sum() * fraction - 1e-9))
    return int(free.free(resource)[counted].sum()) - kept
