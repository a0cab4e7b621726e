"""Counts per minute, as this project aggregates Azure's trace: requests, and the sums of their tokens."""

from __future__ import annotations

from collections.abc import Iterable

from heteroscale.simulator.trace.recorded import RateTrace, TraceError
from heteroscale.simulator.trace.rows import constant_step, number, rows_of

COLUMNS = ("minute", "requests", "input_tokens", "output_tokens")


def read_minutes(lines: Iterable[str]) -> RateTrace:
    """Read CSV lines with the columns of `COLUMNS`; a step of n between the rows makes windows of n minutes.

    Raises TraceError as `read_rates` does, and for tokens in a window without requests.
    """
    rows: list[tuple[float, ...]] = []
    numbers: list[int] = []
    for line, row in rows_of(lines, COLUMNS):
        numbers.append(line)
        rows.append(tuple(number(row[column], column, line) for column in COLUMNS))
        _, requests, inputs, outputs = rows[-1]
        if not requests and (inputs or outputs):
            raise TraceError(f"line {line}: tokens without requests; count the requests that they belong to")
    step = constant_step([row[0] for row in rows], numbers, COLUMNS[0], "min")
    minutes, counts, inputs_of, outputs_of = zip(*rows, strict=True)
    window_s = step * 60

    def per_s(sums: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(total / window_s for total in sums)

    starts_s = tuple(minute * 60 for minute in minutes)
    return RateTrace(window_s, starts_s, per_s(inputs_of), per_s(outputs_of), per_s(counts))
