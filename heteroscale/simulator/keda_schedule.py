"""When KEDA and the HPAs ask, in world time. Pure.

Each ScaledObject is polled every 30 s and each HPA syncs every 15 s, all on phases of their own, as the rate-limited
queues of the real ones drift apart: prefill and decode are never read at the same moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from disaggregated_service.core.pair import Role

POLL_EVERY_S = 30.0
SYNC_EVERY_S = 15.0


class Ask(Enum):
    """A poll of KEDA's scale loop, or a sync of the HPA, which alone moves replicas between 1 and more."""

    POLL = "poll"
    SYNC = "sync"


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One question and its moment; `role` and `ask` by value, so that equal moments have an order."""

    at_s: float
    role: str
    ask: str


_RHYTHMS = (
    (Role.PREFILL, Ask.POLL, POLL_EVERY_S, 1.0),
    (Role.DECODE, Ask.POLL, POLL_EVERY_S, 17.0),
    (Role.PREFILL, Ask.SYNC, SYNC_EVERY_S, 4.0),
    (Role.DECODE, Ask.SYNC, SYNC_EVERY_S, 11.0),
)


def due_between(after_s: float, until_s: float) -> list[Due]:
    """Questions in the half-open stretch `after_s < at <= until_s`, in order."""
    found: list[Due] = []
    for role, ask, every_s, phase_s in _RHYTHMS:
        turn = math.floor((after_s - phase_s) / every_s) + 1
        while (at_s := turn * every_s + phase_s) <= until_s:
            if at_s > 0:
                found.append(Due(at_s, role.value, ask.value))
            turn += 1
    return sorted(found)
