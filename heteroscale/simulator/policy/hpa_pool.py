"""One pool under a HorizontalPodAutoscaler: proposals from metrics, tolerance, stabilisation, bounds. Pure.

Source: replica_calculator.go and horizontal.go of Kubernetes 1.33 and later; `heteroscale/simulator/hpa.py` has the
rule for external metrics, this file adds the one for pods' metrics and the behaviour around both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.pair import Role
from heteroscale.simulator.hpa import HpaSpec, average_value_replicas, quantity_milli
from heteroscale.simulator.policy.behavior import Behavior, Stabilised
from heteroscale.simulator.policy.policy import Plant

CLUSTER_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaSettings:
    """What every HPA has: Kubernetes's own defaults."""

    tolerance: float = CLUSTER_TOLERANCE
    down_window_s: float = 300.0
    up_window_s: float = 0.0


class HpaPool:
    """One HPA with its memory."""

    def __init__(self, settings: HpaSettings, plant: Plant, role: Role) -> None:
        spec = plant.service.spec.roles.of(role)
        self._spec = HpaSpec(
            min_replicas=spec.min_replicas,
            max_replicas=spec.max_replicas,
            tolerance_up=settings.tolerance,
            tolerance_down=settings.tolerance,
        )
        self._stabilised = Stabilised(Behavior(up_window_s=settings.up_window_s, down_window_s=settings.down_window_s))

    def sync_external(self, now_s: float, current: int, metrics: Mapping[str, tuple[float, float]]) -> tuple[int, str]:
        """Metrics of type AverageValue, each a value and its target per replica: the largest proposal counts.

        An unknown value is 0, as KEDA's Prometheus scaler has it by default (`ignoreNullValues`).
        """
        proposals = {
            name: average_value_replicas(self._spec, current, quantity_milli(value), quantity_milli(target))
            for name, (value, target) in metrics.items()
        }
        return self._settled(now_s, current, proposals)

    def sync_pods(
        self, now_s: float, current: int, name: str, *, mean: float, ready: int, target: float
    ) -> tuple[int, str]:
        """A metric of type Pods with its mean over the ready pods; without any the HPA leaves the count alone.

        Pods that are not ready count as at 0 when the pool would grow and as at the target when it would shrink.
        """
        if math.isnan(mean) or not ready:
            return current, f"{name} unknown"
        return self._settled(now_s, current, {name: self._pods_proposal(mean / target, ready, current)})

    def _pods_proposal(self, ratio: float, ready: int, current: int) -> int:
        missing = max(0, current - ready)
        if not missing:
            return current if self._within(ratio) else math.ceil(ratio * ready - 1e-9)
        filled = (ratio * ready + (missing if ratio < 1 else 0)) / (ready + missing)
        if self._within(filled) or (ratio < 1) != (filled < 1):
            return current
        proposal = math.ceil(filled * (ready + missing) - 1e-9)
        backwards = (filled < 1 and proposal > current) or (filled > 1 and proposal < current)
        return current if backwards else proposal

    def _within(self, ratio: float) -> bool:
        return 1.0 - self._spec.tolerance_down <= ratio <= 1.0 + self._spec.tolerance_up

    def _settled(self, now_s: float, current: int, proposals: Mapping[str, int]) -> tuple[int, str]:
        name, proposal = max(proposals.items(), key=lambda one: one[1])
        least, most = self._spec.min_replicas, self._spec.max_replicas
        proposal = min(max(proposal, least), most)
        settled = self._stabilised.settle(proposal, current=current, now_s=now_s, least=least, most=most)
        return settled, f"{name} proposes {proposal}"
