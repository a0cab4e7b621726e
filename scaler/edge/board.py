"""The last decision of every service, as the handlers read it.

The ticker writes, everything that answers a question reads. An entry is replaced as a whole, so prefill and decode
read from it are always halves of the same decision.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService

HISTORY_MAX = 240  # changes of one service, kept for the page and the API
HISTORY_MIN = 8
HISTORIES_MAX = 8_000  # of all services together: some 5 KB each, or a thousand busy services fill a gigabyte
FRESH_INTERVALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One service as last seen: its spec, its last decision (None until the first) and when that was evaluated."""

    service: DisaggregatedService
    decision: Decision | None
    evaluated_at_s: float  # monotonic
    decided_at_unix_s: float
    waiting_for: str = ""  # why there is no decision yet, in words


@dataclass(frozen=True, slots=True)
class Stamped:
    """A decision with the wall-clock time at which it was made."""

    decision: Decision
    decided_at_unix_s: float


def history_max(services: int) -> int:
    """Changes kept of each service when there are so many of them."""
    return min(HISTORY_MAX, max(HISTORY_MIN, HISTORIES_MAX // max(1, services)))


class Board:
    """Written by the ticker in one assignment per tick; read by handlers on the same event loop."""

    def __init__(self, *, interval_s: float, now_s: Callable[[], float]) -> None:
        self._fresh_s = FRESH_INTERVALS * interval_s
        self._now_s = now_s
        self._entries: Mapping[ServiceKey, Entry] = {}
        self._history: dict[ServiceKey, deque[Stamped]] = {}
        self._listeners: set[Callable[[], None]] = set()
        self.first_tick_done = False
        self.notices: tuple[str, ...] = ()  # what somebody should mend, for instance a broken edit of a file

    def publish(self, entries: Iterable[Entry]) -> None:
        """Replaces everything at once, then wakes the streams."""
        fresh = {entry.service.key: entry for entry in entries}
        for key in self._history.keys() - fresh.keys():
            del self._history[key]
        kept_max = history_max(len(fresh))
        for key, entry in fresh.items():
            if entry.decision is not None:
                self._remember(key, Stamped(entry.decision, entry.decided_at_unix_s), kept_max)
        self._entries = fresh
        self.first_tick_done = True
        for listener in tuple(self._listeners):
            listener()

    def entry(self, key: ServiceKey) -> Entry | None:
        return self._entries.get(key)

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries[key] for key in sorted(self._entries))

    def is_fresh(self, entry: Entry) -> bool:
        """Whether the entry's decision was evaluated within three intervals."""
        return self._now_s() - entry.evaluated_at_s <= self._fresh_s

    def age_s(self, entry: Entry) -> float:
        return self._now_s() - entry.evaluated_at_s

    def history(self, key: ServiceKey, limit: int) -> tuple[Stamped, ...]:
        """The newest decisions, newest first."""
        kept = self._history.get(key, ())
        return tuple(reversed(kept))[:limit]

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Calls `wake` after every publication until the returned function is called."""
        self._listeners.add(wake)
        return lambda: self._listeners.discard(wake)

    def _remember(self, key: ServiceKey, stamped: Stamped, kept_max: int) -> None:
        kept = self._history.setdefault(key, deque())
        if not kept or kept[-1].decision.sequence != stamped.decision.sequence:
            kept.append(stamped)
        while len(kept) > kept_max:
            kept.popleft()
