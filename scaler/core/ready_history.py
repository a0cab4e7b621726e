"""How many replicas were ready lately: who produced a latency reading.

That is the smallest ready count over the reading's window, because a raise still starting had no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.pair import Pair

RUNS_MAX = 512  # changes of the ready counts within one window; beyond it the oldest are merged into the smallest


@dataclass(frozen=True, slots=True)
class ReadyRuns:
    """Runs of equal ready counts: (since when, counts), oldest first. A steady pool leaves it unchanged."""

    runs: tuple[tuple[float, Pair], ...] = ()

    def smallest(self, *, now_s: float, span_s: float) -> Pair:
        """Per role, the smallest count over the last `span_s`; (0, 0) before the first."""
        prefill: int | None = None
        decode: int | None = None
        for since_s, ready in reversed(self.runs):
            prefill = ready.prefill if prefill is None else min(prefill, ready.prefill)
            decode = ready.decode if decode is None else min(decode, ready.decode)
            if since_s <= now_s - span_s:
                break
        return Pair(prefill or 0, decode or 0)


NOTHING_SEEN = ReadyRuns()


def seen(history: ReadyRuns, *, ready: Pair, now_s: float, span_s: float) -> ReadyRuns:
    """The history with what is ready now; runs that ended before the span are dropped."""
    runs = history.runs
    if runs and runs[-1][1] == ready:
        return history
    first = 0
    while first + 1 < len(runs) and runs[first + 1][0] <= now_s - span_s:
        first += 1
    runs = (*runs[first:], (now_s, ready))
    if len(runs) > RUNS_MAX:
        (since_s, oldest), (_, next_one) = runs[0], runs[1]
        least = Pair(min(oldest.prefill, next_one.prefill), min(oldest.decode, next_one.decode))
        runs = ((since_s, least), *runs[2:])
    return ReadyRuns(runs)
