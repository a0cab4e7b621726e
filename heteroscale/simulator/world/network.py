"""The network between the two pools: a path inside an S2, and a slower one across.

Where a replica sits is placement's business; the world only knows how large a share of the KV caches has to cross. With
shares p_i of prefill and d_i of decode in domain i and blind routing that is `1 - sum(p_i * d_i)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heteroscale.simulator.trace import FloatArray
from heteroscale.simulator.world.engine import Link

ACROSS_BANDWIDTH_FRAC = 0.8
"""HeteroScale (arXiv 2508.19559) reports some 20 % of KV-transfer bandwidth lost to placement across switches."""


INSIDE = Link()
ACROSS = Link(bytes_per_s=INSIDE.bytes_per_s * ACROSS_BANDWIDTH_FRAC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """inside, across: the two paths. across_frac: share of the KV caches that takes the second. seed: of which ones."""

    inside: Link = INSIDE
    across: Link = ACROSS
    across_frac: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.across_frac <= 1:
            raise ValueError(f"across_frac is {self.across_frac}; it is a share and lies within 0 and 1")

    def transfers_s(self, kv_bytes: FloatArray) -> FloatArray:
        """Seconds on the way of each cache, in their order."""
        inside = self.inside.setup_s + kv_bytes / self.inside.bytes_per_s
        if not self.across_frac:
            return inside
        crosses = np.random.default_rng(self.seed).random(len(kv_bytes)) < self.across_frac
        return np.where(crosses, self.across.setup_s + kv_bytes / self.across.bytes_per_s, inside)
