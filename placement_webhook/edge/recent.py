"""What this process has admitted lately, per slot and group, until the watch may be trusted to know.

A burst arrives faster than pods are seen: without this, all of it would follow the group that lacked most before it.
Time is an argument. It must never outgrow its bound, nor be the only thing that a placement depends on: other
replicas of the webhook have their own.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from placement_webhook.core.view import Slot

REMEMBERED_S = 30.0  # a pod is in the watch within seconds; one counted twice for longer would push others away
ENTRIES_MAX = 20_000

_NONE: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class _Admission:
    at_s: float
    slot: Slot
    group: str


class RecentAdmissions:
    """Counts that forget. Admissions are added in the order of their time (monotonic seconds)."""

    def __init__(self, *, remembered_s: float = REMEMBERED_S, entries_max: int = ENTRIES_MAX) -> None:
        self._remembered_s = remembered_s
        self._entries_max = entries_max
        self._admissions: deque[_Admission] = deque()
        self._counts: dict[Slot, Counter[str]] = {}

    def __len__(self) -> int:
        return len(self._admissions)

    def add(self, slot: Slot, group: str, now_s: float) -> None:
        """Remember one; the oldest is forgotten where there is no more room."""
        self.forget(now_s)
        if len(self._admissions) >= self._entries_max:
            self._drop_oldest()
        self._admissions.append(_Admission(now_s, slot, group))
        self._counts.setdefault(slot, Counter())[group] += 1

    def of(self, slot: Slot, now_s: float) -> Mapping[str, int]:
        """Admissions per group."""
        self.forget(now_s)
        return self._counts.get(slot, _NONE)

    def forget(self, now_s: float) -> None:
        """Drop what is older than it is remembered."""
        while self._admissions and self._admissions[0].at_s + self._remembered_s <= now_s:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = self._admissions.popleft()
        counts = self._counts[oldest.slot]
        counts[oldest.group] -= 1
        if counts[oldest.group] == 0:
            del counts[oldest.group]
        if not counts:
            del self._counts[oldest.slot]
