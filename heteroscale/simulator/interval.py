"""The mean over seeds and its 95 % confidence interval: Student's t, for a handful of seeds is no normal sample.

One figure is better than another only where the intervals do not overlap. With a single seed an interval has no width
and says nothing of chance: whoever prints one says how many seeds there were.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

_T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 97.5 % quantile for 1 to 30 degrees of freedom."""

_T_975_AT_MANY = 1.96 + 2.4 / 30
"""For more than 30 it is between this at 31 and 1.96; the larger is taken, which widens intervals by 4 % at most."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends of the 95 % interval around a mean."""

    mean: float
    low: float
    high: float

    def above(self, other: Interval) -> bool:
        """Whether the whole interval lies above the other."""
        return self.low > other.high


def interval_of(values: Sequence[float]) -> Interval:
    """Of at least one value. Raises ValueError for none."""
    if not values:
        raise ValueError("an interval needs at least one value")
    mean = fmean(values)
    if len(values) == 1:
        return Interval(mean, mean, mean)
    free = len(values) - 1
    quantile = _T_975[free - 1] if free <= len(_T_975) else _T_975_AT_MANY
    reach = quantile * stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)
