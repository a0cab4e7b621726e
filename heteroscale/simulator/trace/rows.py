"""Rows of a CSV with a header, and the numbers in them: whatever is wrong is told with its line."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from heteroscale.simulator.trace.recorded import TraceError


def rows_of(lines: Iterable[str], columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Line number and the named values of each row. Raises TraceError for a missing column and for broken quoting."""
    reader = csv.DictReader(lines, strict=True)
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise TraceError(f"line 1: no column {', '.join(missing)}; the header must name {', '.join(columns)}")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise TraceError(f"line {reader.line_num}: {error}") from None


def number(text: object, column: str, line: int) -> float:
    """A finite number that is not negative. Raises TraceError for anything else."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise TraceError(f"line {line}: {column} is {text!r}, not a number")
    try:
        value = float(text)
    except (ValueError, OverflowError):
        raise TraceError(f"line {line}: {column} is {text!r}, not a number") from None
    if not math.isfinite(value) or value < 0:
        raise TraceError(f"line {line}: {column} is {text}; it must be finite and not negative")
    return value


def tokens(text: object, column: str, line: int) -> int:
    """A whole number of tokens, at most some billions. Raises TraceError for anything else."""
    value = number(text, column, line)
    if value != int(value) or value > 2**31:
        raise TraceError(f"line {line}: {column} is {text}; it must be a whole number of tokens below 2,147,483,648")
    return int(value)


def constant_step(starts: Sequence[float], lines: Sequence[int], column: str, unit: str) -> float:
    """The step that all rows keep, each of which stands in its line.

    Raises TraceError for fewer than two rows and for times that do not keep it.
    """
    if len(starts) < 2:
        raise TraceError("a trace needs at least two windows below its header")
    step = starts[1] - starts[0]
    for line, (before, after) in zip(lines[1:], pairwise(starts), strict=True):
        if after <= before or not math.isclose(after - before, step):
            apart = f", {step:g} {unit} apart as the first two are" if step > 0 else ""
            raise TraceError(f"line {line}: {column} is {after:g} after {before:g}; rows must be in order{apart}")
    return step
