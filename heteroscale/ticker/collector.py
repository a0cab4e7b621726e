"""How often Python looks for garbage in cycles: seldom, in a process that keeps a great many values alive.

A tick over a thousand services makes some hundred thousand small values, all freed by counting references. With the
interpreter's thresholds each of them walked every decision that is kept, which doubled the CPU time of a tick
(benchmarks/tick.py: 457 ms by default, 214 ms so).
"""

from __future__ import annotations

import gc

VALUES_BETWEEN_LOOKS = 100_000


def look_seldom() -> None:
    """For the whole process, once at its start. Cycles are still found: those of a failed call hold its frames."""
    gc.set_threshold(VALUES_BETWEEN_LOOKS, 10, 10)
