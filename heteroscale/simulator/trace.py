"""A recorded load: token rates per window of equal length.

It knows nothing of requests: how rates are cut into requests is `arrivals`' business.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COLUMNS = ("second", "input_tokens_per_s", "output_tokens_per_s")
M_SMALL_DAY_1 = "servegen_m-small_day1_per_10min.csv"


class TraceError(ValueError):
    """The trace cannot be used; says in which line, and what would be right."""


@dataclass(frozen=True, slots=True)
class RateTrace:
    """Mean token rates of consecutive windows: `input_tps[i]`, `output_tps[i]` over `window_s` from `starts_s[i]`."""

    window_s: float
    starts_s: tuple[float, ...]
    input_tps: tuple[float, ...]
    output_tps: tuple[float, ...]

    def rates_at(self, times_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Input and output tokens/s at each time, linear between the middles of the windows.

        A window's rate is a mean, so it stands at the window's middle; before the first and after the last
        middle the rate stays. Steps at the windows' edges would be jumps that nobody recorded.
        """
        middles = np.asarray(self.starts_s) + self.window_s / 2
        return np.interp(times_s, middles, self.input_tps), np.interp(times_s, middles, self.output_tps)


def shipped_trace(name: str = M_SMALL_DAY_1) -> RateTrace:
    """Read a trace that comes with the package; its origin and licence are in the file ORIGIN beside it."""
    text = (files("heteroscale.simulator") / "traces" / name).read_text(encoding="utf-8")
    return read_rates(text.splitlines())


def read_rates(lines: Iterable[str]) -> RateTrace:
    """Read CSV lines with at least the columns of `COLUMNS`, one row a window.

    Raises TraceError for a missing column, an empty trace, a value that is no number or negative, and for times that
    do not rise by one constant step.
    """
    reader = csv.DictReader(lines)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise TraceError(f"line 1: no column {', '.join(missing)}; the header must name {', '.join(COLUMNS)}")
    rows = [tuple(_number(row.get(column), column, reader.line_num) for column in COLUMNS) for row in reader]
    if len(rows) < 2:
        raise TraceError("a trace needs at least two windows below its header")
    starts, inputs, outputs = zip(*rows, strict=True)
    return RateTrace(_step(starts), starts, inputs, outputs)


def _number(text: str | None, column: str, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise TraceError(f"line {line}: {column} is {text!r}, not a number") from None
    if not math.isfinite(value) or value < 0:
        raise TraceError(f"line {line}: {column} is {text}; it must be finite and not negative")
    return value


def _step(starts: Sequence[float]) -> float:
    step = starts[1] - starts[0]
    for index, (before, after) in enumerate(pairwise(starts)):
        if after <= before or not math.isclose(after - before, step):
            raise TraceError(
                f"line {index + 3}: second is {after:g} after {before:g}; rows must be in order, "
                f"{step:g} s apart as the first two are"
            )
    return step
