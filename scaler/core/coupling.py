"""From two real-valued needs to one pair of whole numbers.

One search over the box that the bounds, the budget and the HPA's tolerance leave: least unmet need, then fewest GPUs,
then nearest to where it should be, then the larger P. A need becomes an integer here and nowhere else, as
`ceil(x - 1e-9)`. (DESIGN 7.6; ADR 0004.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import EPSILON, Band


@dataclass(frozen=True, slots=True)
class Needs:
    """Replicas each role's load, guards and floors ask for; real-valued, >= 0."""

    prefill: float
    decode: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Pairs that may be chosen. gpus: of one replica of each role. in_force: what the HPAs count tolerance from."""

    low: Pair
    high: Pair
    gpus: Pair
    in_force: Pair
    gpu_budget: int | None = None
    hpa_tolerance: float = 0.0

    def cost(self, prefill: int, decode: int) -> int:
        return prefill * self.gpus.prefill + decode * self.gpus.decode

    def prefill_max(self, decode: int) -> int:
        """Most prefill replicas beside so many decode replicas."""
        if self.gpu_budget is None:
            return self.high.prefill
        left = self.gpu_budget - decode * self.gpus.decode
        return min(self.high.prefill, left // self.gpus.prefill)


@dataclass(frozen=True, slots=True)
class Coupled:
    """The pair found. in_band: False marks it `ratio_infeasible`. unmet_frac: the larger unmet share of both needs."""

    pair: Pair
    in_band: bool
    unmet_frac: float


def couple(needs: Needs, band: Band, box: Box, *, ratio: float | None) -> Coupled:
    """The best pair of the box for these needs.

    ratio: P/D to stay near to, or None to stay near to the pair in force. The box must hold at least one pair.
    """
    wanted = Pair(whole(needs.prefill), whole(needs.decode))
    met = _first_that_meets(wanted, band, box)
    if met is not None:
        return Coupled(met, True, 0.0)
    in_band = [pair for decode in decode_counts(box) for pair in _prefill_choices(wanted.prefill, decode, band, box)]
    if in_band:
        best = min(in_band, key=lambda pair: _rank(pair, needs, box, ratio))
        return Coupled(best, True, _unmet(best, needs)[0])
    best = min(_nearest_to_band(band, box), key=lambda pair: (band.distance(pair), _rank(pair, needs, box, ratio)))
    return Coupled(best, False, _unmet(best, needs)[0])


def next_below(band: Band, box: Box, *, goal: Pair, ratio: float | None) -> Pair | None:
    """The largest feasible pair below the one in force that is still at or above the goal; None if there is none."""
    top = box.in_force
    below: list[Pair] = []
    for decode in range(top.decode, goal.decode - 1, -1):
        if not is_allowed(decode, top.decode, box.hpa_tolerance):
            continue
        least = max(goal.prefill, math.ceil(band.low * decode - EPSILON))
        most = min(top.prefill, math.floor(band.high * decode + EPSILON), box.prefill_max(decode))
        if decode == top.decode:
            most = min(most, top.prefill - 1)
        below.extend(Pair(p, decode) for p in _allowed_near(most, least, most, top.prefill, box.hpa_tolerance))
    if not below:
        return None
    return min(below, key=lambda pair: (-box.cost(pair.prefill, pair.decode), *_nearness(pair, box, ratio)))


def whole(need: float) -> int:
    """The least integer that meets a need."""
    return max(0, math.ceil(need - EPSILON))


def is_allowed(count: int, in_force: int, hpa_tolerance: float) -> bool:
    """Whether the HPA obeys a move to `count`: it stays, or moves by more than the tolerance (keda.md 3.2)."""
    if count == in_force or hpa_tolerance == 0 or in_force == 0:
        return True
    return abs(count / in_force - 1) > hpa_tolerance + EPSILON


def decode_counts(box: Box) -> Iterator[int]:
    for decode in range(box.low.decode, box.high.decode + 1):
        if is_allowed(decode, box.in_force.decode, box.hpa_tolerance):
            yield decode


def _first_that_meets(wanted: Pair, band: Band, box: Box) -> Pair | None:
    """The cheapest pair with no unmet need.

    The least P that goes with D never falls as D grows, so cost rises with D and the first find is the cheapest.
    """
    if wanted.prefill > box.high.prefill:
        return None
    for decode in range(max(box.low.decode, wanted.decode), box.high.decode + 1):
        if not is_allowed(decode, box.in_force.decode, box.hpa_tolerance):
            continue
        least = max(box.low.prefill, wanted.prefill, math.ceil(band.low * decode - EPSILON))
        most = min(box.prefill_max(decode), math.floor(band.high * decode + EPSILON))
        while least <= most and not is_allowed(least, box.in_force.prefill, box.hpa_tolerance):
            least += 1
        if least <= most:
            return Pair(least, decode)
        if least > box.high.prefill:
            return None
    return None


def _prefill_choices(wanted: int, decode: int, band: Band, box: Box) -> Iterator[Pair]:
    """For one D, the P worth comparing: as close to the wanted one as the band and the box let it be."""
    least = max(box.low.prefill, math.ceil(band.low * decode - EPSILON))
    most = min(box.prefill_max(decode), math.floor(band.high * decode + EPSILON))
    for prefill in _allowed_near(wanted, least, most, box.in_force.prefill, box.hpa_tolerance):
        yield Pair(prefill, decode)


def _nearest_to_band(band: Band, box: Box) -> Iterator[Pair]:
    """For each D, the two P between which its band lies, moved into the box."""
    for decode in decode_counts(box):
        most = box.prefill_max(decode)
        if most < box.low.prefill:
            continue
        for edge in (math.ceil(band.low * decode - EPSILON), math.floor(band.high * decode + EPSILON)):
            for prefill in _allowed_near(edge, box.low.prefill, most, box.in_force.prefill, box.hpa_tolerance):
                yield Pair(prefill, decode)


def _allowed_near(wanted: int, least: int, most: int, in_force: int, hpa_tolerance: float) -> Iterator[int]:
    """The counts in least..most next to the wanted one, below and above, that the HPA would obey."""
    if least > most:
        return
    middle = min(max(wanted, least), most)
    if is_allowed(middle, in_force, hpa_tolerance):
        yield middle
        return
    above = middle + 1
    while above <= most and not is_allowed(above, in_force, hpa_tolerance):
        above += 1
    if above <= most:
        yield above
    below = middle - 1
    while below >= least and not is_allowed(below, in_force, hpa_tolerance):
        below -= 1
    if below >= least:
        yield below


def _rank(pair: Pair, needs: Needs, box: Box, ratio: float | None) -> tuple[float, ...]:
    larger, smaller = _unmet(pair, needs)
    return (larger, smaller, box.cost(pair.prefill, pair.decode), *_nearness(pair, box, ratio))


def _unmet(pair: Pair, needs: Needs) -> tuple[float, float]:
    """The two roles' unmet shares of their needs, the larger first; rounded so that noise breaks no tie."""
    prefill = _unmet_frac(needs.prefill, pair.prefill)
    decode = _unmet_frac(needs.decode, pair.decode)
    return (max(prefill, decode), min(prefill, decode))


def _unmet_frac(need: float, count: int) -> float:
    return round((need - count) / need, 12) if need > count + EPSILON else 0.0


def _nearness(pair: Pair, box: Box, ratio: float | None) -> tuple[float, int]:
    if ratio is None:
        away = float(abs(pair.prefill - box.in_force.prefill) + abs(pair.decode - box.in_force.decode))
    else:
        away = abs(pair.prefill / pair.decode - ratio) if pair.decode else math.inf
    return (round(away, 12), -pair.prefill)
