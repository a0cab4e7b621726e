"""What the HPA does between a proposal and `spec.replicas`: stabilisation, then rate limits, then bounds. Pure.

Source: horizontal.go and the defaults of autoscaling/v2 (Kubernetes 1.33 and later): upwards 4 pods or 100 % in 15 s,
whichever is more, and no window; downwards 100 % in 15 s and a window of 300 s. Kthena copies both ideas with numbers
of its own, and so this file serves it too.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """Limits are per sync, since both periods and syncs are 15 s. up_pods, up_frac: the larger counts."""

    up_pods: int = 4
    up_frac: float = 1.0
    up_window_s: float = 0.0
    down_frac: float = 1.0
    down_window_s: float = 300.0


class Stabilised:
    """One pool's memory of what was proposed; it begins with the size that it finds, as a restarted controller."""

    def __init__(self, behavior: Behavior) -> None:
        self._behavior = behavior
        self._proposals: deque[tuple[float, int]] = deque()

    def settle(self, proposal: int, *, current: int, now_s: float, least: int, most: int) -> int:
        """The replicas after one sync."""
        behavior, proposals = self._behavior, self._proposals
        if not proposals:
            proposals.append((now_s, current))
        proposals.append((now_s, proposal))
        kept_s = max(behavior.up_window_s, behavior.down_window_s)
        while proposals[0][0] < now_s - kept_s:
            proposals.popleft()
        lowest = min(wish for at_s, wish in proposals if at_s >= now_s - behavior.up_window_s)
        highest = max(wish for at_s, wish in proposals if at_s >= now_s - behavior.down_window_s)
        settled = current
        if current < (up := min(lowest, proposal) if behavior.up_window_s else proposal):
            settled = up
        elif current > highest:
            settled = highest
        ceiling = max(current + behavior.up_pods, math.ceil(current * (1 + behavior.up_frac)))
        floor = math.floor(current * (1 - behavior.down_frac))
        return min(max(min(max(settled, floor), ceiling), least), most)
