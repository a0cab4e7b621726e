"""Each pool by its own tokens per second, neither knowing of the other.

Source: "independent TPS" of the splitwise simulator's baselines (Onlytonight/splitwise-DRL), as a KEDA Prometheus
trigger of type AverageValue: prompt tokens/s computed and tokens/s written, over the same targets per replica that the
service gives our policy, with the HPA's default tolerance and behaviour. The best signal, without coupling, cooldown,
guard or credit for replicas that are starting.
"""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.pair import ROLES, Pair, Role
from heteroscale.simulator.policy.hpa_pool import HpaPool, HpaSettings
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class IndependentTpsSettings(HpaSettings):
    """target_frac: of capacity that a replica should carry; 0: the service's targets."""

    target_frac: float = 0.0


class IndependentTps:
    """Two ScaledObjects on two counters."""

    hands = Hands.HPA
    looks = True
    every_s = 15.0

    def __init__(self, settings: IndependentTpsSettings, plant: Plant) -> None:
        frac = settings.target_frac
        self._targets = {role: frac * plant.capacity_tps(role) if frac else plant.target_tps(role) for role in ROLES}
        self._pools = {role: HpaPool(settings, plant, role) for role in ROLES}
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        wishes: dict[Role, int] = {}
        reasons: list[str] = []
        for role in ROLES:
            pool = seen.of(role)
            metrics = {f"{role} tok/s": (pool.tps, self._targets[role])}
            wishes[role], why = self._pools[role].sync_external(now_s, pool.wanted, metrics)
            reasons.append(why)
        self.reason = "; ".join(reasons)
        return Pair(wishes[Role.PREFILL], wishes[Role.DECODE])
