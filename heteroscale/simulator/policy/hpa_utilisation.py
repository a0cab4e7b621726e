"""An HPA per pool on GPU utilisation: what most clusters have.

Source: the paper's own baseline (arXiv 2508.19559, section 4: independent scaling on GPU utilisation), with the HPA of
Kubernetes and its defaults; 0.7 is the target that GPU guides name most. `signal` may be `sm` for SM activity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from disaggregated_service.core.pair import ROLES, Pair, Role
from heteroscale.simulator.policy.hpa_pool import HpaPool, HpaSettings
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import RoleSeen, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilisationSettings(HpaSettings):
    """*_target_frac: of the utilisation of each pool. signal: `gpu` or `sm`."""

    prefill_target_frac: float = 0.7
    decode_target_frac: float = 0.7
    signal: str = "gpu"

    def __post_init__(self) -> None:
        if self.signal not in {"gpu", "sm"}:
            raise ValueError(f"signal={self.signal}: write gpu or sm")


class HpaUtilisation:
    """Two HPAs that know nothing of each other."""

    hands = Hands.HPA
    looks = True
    every_s = 15.0

    def __init__(self, settings: UtilisationSettings, plant: Plant) -> None:
        self._signal = settings.signal
        self._targets = {Role.PREFILL: settings.prefill_target_frac, Role.DECODE: settings.decode_target_frac}
        self._pools = {role: HpaPool(settings, plant, role) for role in ROLES}
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        wishes: dict[Role, int] = {}
        reasons: list[str] = []
        for role in ROLES:
            pool = seen.of(role)
            wishes[role], why = self._pools[role].sync_pods(
                now_s,
                pool.wanted,
                f"{role} utilisation",
                mean=self._mean(pool),
                ready=min(pool.ready, pool.wanted),
                target=self._targets[role],
            )
            reasons.append(why)
        self.reason = "; ".join(reasons)
        return Pair(wishes[Role.PREFILL], wishes[Role.DECODE])

    def _mean(self, pool: RoleSeen) -> float:
        if not pool.ready:
            return math.nan
        return pool.gpu_util_frac if self._signal == "gpu" else pool.sm_active_frac
