"""The largest need over the last while: a pool shrinks only to what it would have been enough for all along.

A sliding maximum with one extra fact, since when it has been watched without a gap. Never persisted: a process that
has just started does not know what it missed, and may only grow until it has watched a whole window.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedWindow:
    """maxima: (instant, need) with needs strictly falling, so that the first one in the span is the largest.

    An entry is dropped as soon as a later one is at least as large: it can never be the largest again.
    unit: tokens/s that one replica of need stands for; a changed target makes older entries incomparable.
    """

    since_s: float = 0.0
    last_s: float = 0.0
    unit: tuple[float, float] = (0.0, 0.0)
    maxima: tuple[tuple[float, float], ...] = ()

    @property
    def largest(self) -> float:
        """Replicas; the caller checks that the window is not empty."""
        return self.maxima[0][1]

    def is_full(self, *, now_s: float, span_s: float) -> bool:
        """Whether it was watched without a gap over the whole of the last `span_s`."""
        return bool(self.maxima) and now_s - self.since_s >= span_s

    def remaining_s(self, *, now_s: float, span_s: float) -> float:
        """Seconds until it is full, if nothing interrupts it."""
        return max(0.0, span_s - (now_s - self.since_s)) if self.maxima else span_s


EMPTY = NeedWindow()


def watch(
    window: NeedWindow,
    *,
    need: float,
    unit: tuple[float, float],
    now_s: float,
    span_s: float,
    bridge_s: float,
) -> NeedWindow:
    """The window with one more need. A gap longer than `bridge_s`, or another unit, starts it anew."""
    broken = not window.maxima or window.unit != unit or now_s - window.last_s > bridge_s or now_s < window.last_s
    if broken:
        return NeedWindow(since_s=now_s, last_s=now_s, unit=unit, maxima=((now_s, need),))
    kept = window.maxima
    first = 0
    while first < len(kept) and kept[first][0] < now_s - span_s:
        first += 1
    end = len(kept)
    while end > first and kept[end - 1][1] <= need:
        end -= 1
    return NeedWindow(since_s=window.since_s, last_s=now_s, unit=unit, maxima=(*kept[first:end], (now_s, need)))
