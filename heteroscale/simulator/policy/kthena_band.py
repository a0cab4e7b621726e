"""Kthena 1.0's disaggregated target: each role by its own metric, then projected into a band of the ratio.

Source: volcano-sh/kthena, pkg/autoscaler: algorithm/recommendation.go (ratio to the target per ready instance,
tolerance 10 %, instances that are not ready counted as idle when growing), the default behaviour of
webhook/autoscalingpolicy_mutator.go (up 1 instance or 100 % in 15 s, panic above 200 % with 1000 %, held 60 s; down
100 % in 15 s, stabilised for 5 min) and algorithm/disaggregated_ratio.go (the projection below). Kthena leaves the
metric to its operator; here it is each role's tokens per second with the service's targets, the best that one could
choose. The band is the service's own. Both counts are patched at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import EPSILON, Band
from heteroscale.simulator.policy.behavior import Behavior, Stabilised
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import RoleSeen, Seen

PANIC_HOLD_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KthenaSettings:
    """target_frac: of capacity; 0: the service's targets. panic_frac: of the current count, from which it is panic."""

    target_frac: float = 0.0
    tolerance: float = 0.1
    down_window_s: float = 300.0
    panic_frac: float = 2.0


class KthenaBand:
    """One controller over both roles."""

    hands = Hands.CONTROLLER
    looks = True
    every_s = 15.0

    def __init__(self, settings: KthenaSettings, plant: Plant) -> None:
        frac = settings.target_frac
        self._settings = settings
        self._plant = plant
        self._band = plant.service.spec.ratio.band
        self._targets = {role: frac * plant.capacity_tps(role) if frac else plant.target_tps(role) for role in ROLES}
        calm = Behavior(up_pods=1, up_frac=1.0, down_window_s=settings.down_window_s)
        panic = Behavior(up_pods=1, up_frac=10.0, down_window_s=settings.down_window_s)
        self._stabilised = {role: (Stabilised(calm), Stabilised(panic)) for role in ROLES}
        self._panics_until_s = dict.fromkeys(ROLES, -math.inf)
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        if math.isnan(seen.prefill.tps) or math.isnan(seen.decode.tps):
            self.reason = "metrics unavailable: skipped"
            return seen.wanted
        wishes = {role: self._settled(role, seen.of(role), now_s) for role in ROLES}
        pair = Pair(wishes[Role.PREFILL], wishes[Role.DECODE])
        spec = self._plant.service.spec
        projected = into_band(pair, self._band, spec.minima, spec.maxima)
        self.reason = f"roles want {pair}" + (f", projected to {projected}" if projected != pair else "")
        return projected

    def _settled(self, role: Role, pool: RoleSeen, now_s: float) -> int:
        proposal = self._plant.bounded(role, self._recommended(pool, pool.tps / self._targets[role]))
        if proposal >= self._settings.panic_frac * pool.wanted:
            self._panics_until_s[role] = now_s + PANIC_HOLD_S
        in_panic = now_s < self._panics_until_s[role]
        spec = self._plant.service.spec.roles.of(role)
        settled = [
            behavior.settle(proposal, current=pool.wanted, now_s=now_s, least=spec.min_replicas, most=spec.max_replicas)
            for behavior in self._stabilised[role]
        ]
        return max(pool.wanted, settled[1]) if in_panic else settled[0]

    def _recommended(self, pool: RoleSeen, needed: float) -> int:
        """getDesiredInstancesForSingleInstanceMetric, with `needed` the metric's sum over its target."""
        covered, starting = pool.covered, max(0, pool.wanted - pool.covered)
        ratio = needed / covered if covered else 0.0
        if not covered:
            return pool.wanted
        if ratio < 1 or not starting:
            return pool.wanted if abs(ratio - 1) <= self._settings.tolerance else math.ceil(needed - EPSILON)
        with_starting = needed / (covered + starting)
        if abs(with_starting - 1) <= self._settings.tolerance or with_starting < 1:
            return pool.wanted
        return max(pool.wanted, math.ceil(needed - EPSILON))


def into_band(pair: Pair, band: Band, minima: Pair, maxima: Pair) -> Pair:
    """Kthena's projection: raise the denominator (decode) until the numerator fits under the band, and clamp it.

    The first feasible pair found by searching decode counts upwards from there, then downwards; the pair itself where
    nothing fits.
    """
    if band.contains(pair):
        return pair
    start = pair.decode
    if pair.decode and pair.prefill / pair.decode > band.high:
        start = max(start, math.ceil(pair.prefill / band.high - EPSILON))
    start = min(max(start, 1, minima.decode), maxima.decode)
    for decode in (*range(start, maxima.decode + 1), *range(start - 1, max(1, minima.decode) - 1, -1)):
        low = max(minima.prefill, math.ceil(band.low * decode - EPSILON))
        high = min(maxima.prefill, math.floor(band.high * decode + EPSILON))
        if low <= high:
            return Pair(min(max(pair.prefill, low), high), decode)
    return pair
