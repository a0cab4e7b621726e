"""One act, again and again, on fixed slots of a clock that is passed in. It must never know what the act is."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable


async def on_schedule(
    act: Callable[[], Awaitable[None]],
    *,
    interval_s: float,
    now_s: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    missed: Callable[[int], None],
) -> None:
    """Acts at once and then on every slot, never twice at a time, until it is cancelled.

    An act that overruns is followed by the next slot still to come, not by a burst; `missed` is told how many passed.
    """
    due_s = now_s()
    while True:
        await act()
        due_s += interval_s
        late_s = now_s() - due_s
        if late_s > 0:
            slots = math.ceil(late_s / interval_s)
            missed(slots)
            due_s += slots * interval_s
        await sleep(due_s - now_s())
