"""Which integer pairs exist at all inside bounds, a budget and a band; asked when a spec is checked, not
every tick.

This file must never know needs or loads: what the policy picks among feasible pairs is the scaler's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import EPSILON, Band
from disaggregated_service.core.service import ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The counts allowed, both ends included, with the GPUs of one replica and of the budget (infinite
    without).
    """

    minima: Pair
    maxima: Pair
    gpus: Pair
    gpu_budget: float

    def __str__(self) -> str:
        bounds = f"{self.minima.prefill}..{self.maxima.prefill}P and {self.minima.decode}..{self.maxima.decode}D"
        return bounds if math.isinf(self.gpu_budget) else f"{bounds} within {self.gpu_budget:.0f} GPUs"

    def uses(self, pair: Pair) -> int:
        """GPUs of a pair."""
        return pair.prefill * self.gpus.prefill + pair.decode * self.gpus.decode

    def contains(self, pair: Pair) -> bool:
        return (
            self.minima.prefill <= pair.prefill <= self.maxima.prefill
            and self.minima.decode <= pair.decode <= self.maxima.decode
            and self.uses(pair) <= self.gpu_budget
        )


def box_of(spec: ServiceSpec) -> Box:
    """The box of a service; a minimum of 0 counts as 1, since joint zero has no ratio."""
    return Box(
        minima=Pair(max(1, spec.minima.prefill), max(1, spec.minima.decode)),
        maxima=spec.maxima,
        gpus=Pair(spec.roles.prefill.gpus_per_replica, spec.roles.decode.gpus_per_replica),
        gpu_budget=math.inf if spec.gpu_budget is None else spec.gpu_budget,
    )


def decode_ranges(box: Box, band: Band) -> Iterator[tuple[int, int, int]]:
    """(prefill, smallest decode, largest decode) for each prefill count that has a decode count in the
    band.
    """
    for prefill in range(box.minima.prefill, box.maxima.prefill + 1):
        low = max(box.minima.decode, math.ceil(prefill / (band.high + EPSILON) - EPSILON))
        high = min(box.maxima.decode, _affordable(box, prefill))
        if band.low > EPSILON:
            high = min(high, math.floor(prefill / (band.low - EPSILON) + EPSILON))
        if low <= high:
            yield prefill, low, high


def nearest(box: Box, band: Band) -> Pair | None:
    """The pair of the box whose P/D lies nearest to the band, the one with fewest GPUs among equals."""
    candidates = (
        Pair(prefill, decode)
        for prefill in range(box.minima.prefill, box.maxima.prefill + 1)
        for decode in _bordering(box, band, prefill)
    )
    return min(candidates, key=lambda pair: (band.distance(pair), box.uses(pair)), default=None)


def stands_still(box: Box, band: Band, tolerance: float) -> Pair | None:
    """The smallest feasible pair, if from it the HPAs would swallow every move to another feasible one.

    Kubernetes before 1.35 ignores a change of a count by at most `tolerance`; both counts have to stay or
    to move by more. None where there is a way, or where there is only one pair and so nowhere to go.
    """
    ranges = list(decode_ranges(box, band))
    if not ranges:
        return None
    least_prefill, least_decode, _ = min(ranges, key=lambda one: box.uses(Pair(one[0], one[1])))
    start = Pair(least_prefill, least_decode)
    lonely = True
    for prefill, low, high in ranges:
        lonely = lonely and low == high and prefill == start.prefill
        prefill_moves = prefill != start.prefill
        if prefill_moves and not _noticed(start.prefill, prefill, tolerance):
            continue
        decode_can_move = _noticed(start.decode, high, tolerance) or _noticed(start.decode, low, tolerance)
        if decode_can_move or (prefill_moves and low <= start.decode <= high):
            return None
    return None if lonely else start


def _noticed(before: int, after: int, tolerance: float) -> bool:
    return abs(after / before - 1) > tolerance + EPSILON


def _affordable(box: Box, prefill: int) -> int:
    if math.isinf(box.gpu_budget):
        return box.maxima.decode
    return math.floor((box.gpu_budget - prefill * box.gpus.prefill) / box.gpus.decode)


def _bordering(box: Box, band: Band, prefill: int) -> Iterator[int]:
    """The decode counts between which the band lies, moved into the box."""
    most = min(box.maxima.decode, _affordable(box, prefill))
    if most < box.minima.decode:
        return
    for wanted in (prefill / band.high, prefill / band.low):
        for decode in (math.floor(wanted), math.ceil(wanted)):
            yield min(max(decode, box.minima.decode), most)
