"""The ratio of prefill to decode replicas, and the band of P/D values that it allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.schema import Bounds, Doc, Pattern

EPSILON = 1e-9  # comparisons with bands and tolerances allow this error, or 3/9 falls out of 1/3..1/3


@dataclass(frozen=True, slots=True)
class Band:
    """P/D values allowed, both ends included."""

    low: float
    high: float

    def contains(self, pair: Pair) -> bool:
        """Whether the pair's P/D lies in the band; a pair with an empty pool does only if both are empty."""
        if pair.decode == 0 or pair.prefill == 0:
            return pair.decode == pair.prefill
        return self.low - EPSILON <= pair.prefill / pair.decode <= self.high + EPSILON

    def distance(self, pair: Pair) -> float:
        """How far outside the band P/D lies, as a factor minus one; 0 inside; infinite with one empty pool."""
        if self.contains(pair):
            return 0.0
        if pair.decode == 0 or pair.prefill == 0:
            return float("inf")
        value = pair.prefill / pair.decode
        return self.low / value - 1 if value < self.low else value / self.high - 1


WHOLE_RATIO = Pattern(r"[1-9][0-9]{0,3}:[1-9][0-9]{0,3}", "1:6", 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedRatio:
    """The paper's mode: one role drives, the other follows by this ratio."""

    prefill: Annotated[int, Bounds(1, 1000), Doc("Prefill part of the ratio.")]
    decode: Annotated[int, Bounds(1, 1000), Doc("Decode part of the ratio.")]
    tolerance: Annotated[
        float, Bounds(0, 0.9), Doc("P/D may lie within ratio * (1 - tolerance) .. ratio * (1 + tolerance).")
    ] = 0.15

    @property
    def value(self) -> float:
        return self.prefill / self.decode

    @property
    def band(self) -> Band:
        return Band(self.value * (1 - self.tolerance), self.value * (1 + self.tolerance))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRatio:
    """Each role is sized by its own load; the pair is only held inside min .. max."""

    min: Annotated[str, WHOLE_RATIO, Doc("Smallest P:D allowed, for instance 1:6.")]
    max: Annotated[str, WHOLE_RATIO, Doc("Largest P:D allowed, for instance 2:1.")]

    @property
    def band(self) -> Band:
        return Band(_quotient(self.min), _quotient(self.max))


def _quotient(written: str) -> float:
    prefill, decode = written.split(":")
    return int(prefill) / int(decode)
