"""What the clockwork counts, added to the program's own metrics: rounds that failed and slots that passed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import Counter

from disaggregated_service.core.fault import Fault
from heteroscale.ticker.verdict_log import VerdictLog
from scaler.edge.board import Board
from scaler.edge.telemetry import Telemetry

NOTICES_MAX = 20


class RoundMetrics:
    """Implements `heteroscale.ticker.clockwork.RoundObserver`: shows each finished round to metrics and log."""

    def __init__(self, telemetry: Telemetry, board: Board, *, interval_s: float, now_s: Callable[[], float]) -> None:
        self._telemetry = telemetry
        self._board = board
        self._interval_s = interval_s
        self._now_s = now_s
        self._verdicts = VerdictLog()
        self._failed = Counter(
            "heteroscale_ticks_failed", "Rounds that ended in an error of ours.", registry=telemetry.registry
        )
        self._missed = Counter(
            "heteroscale_ticks_missed", "Slots that passed while a tick was still running.", registry=telemetry.registry
        )

    def round_finished(self, duration_s: float) -> None:
        entries = self._board.entries()
        self._telemetry.tick_finished(duration_s, entries, self._interval_s)
        self._verdicts.look(entries, self._now_s())

    def round_failed(self) -> None:
        self._failed.inc()

    def services_read(self, faults: Sequence[Fault]) -> None:
        """Shows on the page what keeps a service from being as its file says."""
        self._board.notices = tuple(str(fault) for fault in faults[:NOTICES_MAX])

    def rounds_missed(self, rounds: int) -> None:
        self._missed.inc(rounds)
