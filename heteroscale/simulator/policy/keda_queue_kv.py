"""KEDA on the engines' own queue and KV cache, a ScaledObject per pool.

Source: llm-d's recipe as its benchmarks state it (llm-d-autoscaling issues 1412 and 1404, pull request 1435): scale
out above a KV usage of 0.7 or 2 waiting requests per replica. Each is a Prometheus trigger of type AverageValue over
the pool's sum; the HPA takes the larger proposal, with Kubernetes's default behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.pair import ROLES, Pair, Role
from heteroscale.simulator.policy.hpa_pool import HpaPool, HpaSettings
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueKvSettings(HpaSettings):
    """Per replica: the share of KV memory in use, and the waiting requests."""

    kv_usage: float = 0.7
    queue: float = 2.0


class KedaQueueKv:
    """Two ScaledObjects that know nothing of each other."""

    hands = Hands.HPA
    looks = True
    every_s = 15.0

    def __init__(self, settings: QueueKvSettings, plant: Plant) -> None:
        self._settings = settings
        self._pools = {role: HpaPool(settings, plant, role) for role in ROLES}
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        wishes: dict[Role, int] = {}
        reasons: list[str] = []
        for role in ROLES:
            pool = seen.of(role)
            metrics = {
                f"{role} queue": (pool.waiting, self._settings.queue),
                f"{role} KV": (pool.kv_usage, self._settings.kv_usage),
            }
            wishes[role], why = self._pools[role].sync_external(now_s, pool.wanted, metrics)
            reasons.append(why)
        self.reason = "; ".join(reasons)
        return Pair(wishes[Role.PREFILL], wishes[Role.DECODE])
