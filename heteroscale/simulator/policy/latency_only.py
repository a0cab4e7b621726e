"""Latency in tiers and nothing else: the paper's negative feedback, driving alone.

Source: arXiv 2508.19559, Algorithm 3, with the tiers of Onlytonight/splitwise-DRL's re-implementation: at 1.2 times
the target 20 % more, at 1.1 times 10 % more, below 0.9 times 5 % fewer; TTFT moves prefill, TBT decode, as each can
cure it. The latency is the 90th percentile of the window. The paper uses it beside the load signal, never alone: this
shows why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from disaggregated_service.core.pair import ROLES, Pair, Role
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import RoleSeen, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyOnlySettings:
    """Cooldowns are since the pool's last change. calm_frac: of the target, below which it shrinks."""

    cooldown_out_s: float = 180.0
    cooldown_in_s: float = 600.0
    calm_frac: float = 0.9


class LatencyOnly:
    """Two pools, two latencies, no load."""

    hands = Hands.SCALER
    looks = True
    every_s = 15.0

    def __init__(self, settings: LatencyOnlySettings, plant: Plant) -> None:
        self._settings = settings
        self._plant = plant
        self._targets_s = {Role.PREFILL: plant.slo.ttft_s, Role.DECODE: plant.slo.tbt_s}
        self._changed_s = dict.fromkeys(ROLES, -math.inf)
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        latencies = {Role.PREFILL: seen.ttft_s_p90, Role.DECODE: seen.tbt_s_p90}
        wishes: dict[Role, int] = {}
        reasons: list[str] = []
        for role in ROLES:
            tier = latencies[role] / self._targets_s[role]
            wishes[role] = self._sized(role, seen.of(role), tier, now_s)
            reasons.append(f"{role} at {tier:.2f} of its target")
        self.reason = "; ".join(reasons)
        return Pair(wishes[Role.PREFILL], wishes[Role.DECODE])

    def _sized(self, role: Role, pool: RoleSeen, tier: float, now_s: float) -> int:
        since_s = now_s - self._changed_s[role]
        wanted = pool.wanted
        if tier >= 1.1 and since_s >= self._settings.cooldown_out_s:
            wanted = math.ceil(wanted * (1.2 if tier >= 1.2 else 1.1) - 1e-9)
        elif tier <= self._settings.calm_frac and since_s >= self._settings.cooldown_in_s:
            wanted = min(wanted - 1, math.floor(wanted * 0.95))
        wanted = self._plant.bounded(role, wanted)
        if wanted != pool.wanted:
            self._changed_s[role] = now_s
        return wanted
