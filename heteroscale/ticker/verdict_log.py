"""One line in the log for each verdict that changes something, and now and then one for a service that holds.

The words are the decision's own headline. It must never be the reason why a disk fills up.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from disaggregated_service.core.decision import Decision, Scale
from disaggregated_service.core.explanation import headline
from disaggregated_service.core.pair import ServiceKey
from scaler.edge.board import Entry

log = logging.getLogger(__name__)

HOLD_EVERY_S = 600.0
LINES_MAX = 200  # a round; a new image on a thousand services must not write a thousand lines every 15 s


@dataclass(frozen=True, slots=True)
class _Said:
    sequence: int
    at_s: float


class VerdictLog:
    """Shown the board after every tick."""

    def __init__(self) -> None:
        self._said: dict[ServiceKey, _Said] = {}

    def look(self, entries: Iterable[Entry], now_s: float) -> None:
        """Writes what is new since the last look."""
        said: dict[ServiceKey, _Said] = {}
        left_out = lines = 0
        for entry in entries:
            decision, key = entry.decision, entry.service.key
            if decision is None:
                continue
            before = self._said.get(key)
            said[key] = before or _Said(-1, float("-inf"))
            if not _is_news(decision, before, now_s):
                continue
            said[key] = _Said(decision.sequence, now_s)
            if lines < LINES_MAX:
                log.info("%s", headline(decision), extra={"service": str(key), "sequence": decision.sequence})
                lines += 1
            else:
                left_out += 1
        self._said = said
        if left_out:
            log.info("%d more decisions in this tick; /api/v1/services shows all", left_out)


def _is_news(decision: Decision, before: _Said | None, now_s: float) -> bool:
    if before is None:
        return True
    if isinstance(decision.verdict, Scale):
        return decision.sequence != before.sequence
    return now_s - before.at_s >= HOLD_EVERY_S
