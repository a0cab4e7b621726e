"""Rates per window in seconds, as this project aggregates ServeGen: one row a window of ten minutes."""

from __future__ import annotations

from collections.abc import Iterable

from heteroscale.simulator.trace.recorded import RateTrace
from heteroscale.simulator.trace.rows import constant_step, number, rows_of

COLUMNS = ("second", "input_tokens_per_s", "output_tokens_per_s")
REQUESTS = "requests_per_s_with_lengths"
"""Requests of the clients whose lengths are known: the ones that the token rates speak of. It may be missing."""


def read_rates(lines: Iterable[str]) -> RateTrace:
    """Read CSV lines with at least the columns of `COLUMNS`, one row a window.

    Raises TraceError for a missing column, an empty trace, a value that is no number or negative, and for times that
    do not rise by one constant step.
    """
    rows: list[tuple[float, ...]] = []
    numbers: list[int] = []
    requests: list[float] = []
    for line, row in rows_of(lines, COLUMNS):
        numbers.append(line)
        rows.append(tuple(number(row[column], column, line) for column in COLUMNS))
        if REQUESTS in row:
            requests.append(number(row[REQUESTS], REQUESTS, line))
    step_s = constant_step([row[0] for row in rows], numbers, COLUMNS[0], "s")
    starts, inputs, outputs = zip(*rows, strict=True)
    return RateTrace(step_s, starts, inputs, outputs, tuple(requests) or None)
