"""What a recorded load is, whatever file it came in: rates per window, or single requests.

It knows nothing of files, and not how rates are cut into requests: that is `arrivals`' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class TraceError(ValueError):
    """The trace cannot be used; says in which line, and what would be right."""


@dataclass(frozen=True, slots=True)
class RateTrace:
    """Mean rates of consecutive windows: `input_tps[i]`, `output_tps[i]` over `window_s` from `starts_s[i]`.

    requests_per_s: as recorded, of the requests whose tokens are counted; None where only tokens are known.
    """

    window_s: float
    starts_s: tuple[float, ...]
    input_tps: tuple[float, ...]
    output_tps: tuple[float, ...]
    requests_per_s: tuple[float, ...] | None = None

    def rates_at(self, times_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Input and output tokens/s at each time, linear between the middles of the windows.

        A window's rate is a mean, so it stands at the window's middle; before the first and after the last
        middle the rate stays. Steps at the windows' edges would be jumps that nobody recorded.
        """
        return self._at(times_s, self.input_tps), self._at(times_s, self.output_tps)

    def requests_at(self, times_s: FloatArray) -> FloatArray | None:
        """Requests/s at each time in the same way; None where they were not recorded."""
        return None if self.requests_per_s is None else self._at(times_s, self.requests_per_s)

    @property
    def end_s(self) -> float:
        """The end of the last window."""
        return self.starts_s[-1] + self.window_s

    def _at(self, times_s: FloatArray, rates: tuple[float, ...]) -> FloatArray:
        return np.interp(times_s, np.asarray(self.starts_s) + self.window_s / 2, rates)


@dataclass(frozen=True, slots=True, eq=False)
class RequestTrace:
    """Single requests in the order of arrival: seconds since the trace began, prompt tokens, tokens written."""

    arrival_s: FloatArray
    prompt_tokens: IntArray
    output_tokens: IntArray

    def __len__(self) -> int:
        return len(self.arrival_s)

    @property
    def end_s(self) -> float:
        """The last arrival: nothing is known of what came after."""
        return float(self.arrival_s[-1])

    def per_window(self, window_s: float = 60.0) -> RateTrace:
        """The same load as rates; what came after the last whole window is left out, unless it is all there is."""
        windows = max(1, int(self.end_s // window_s))
        edges = np.arange(windows + 1) * window_s
        sums = [
            np.histogram(self.arrival_s, edges, weights=weights)[0] / window_s
            for weights in (self.prompt_tokens.astype(np.float64), self.output_tokens.astype(np.float64), None)
        ]
        inputs, outputs, requests = (tuple(rates.tolist()) for rates in sums)
        return RateTrace(window_s, tuple(edges[:-1].tolist()), inputs, outputs, requests)


Trace = RateTrace | RequestTrace


def request_trace(rows: list[tuple[int, float, int, int]]) -> RequestTrace:
    """From (line of the file, seconds, prompt tokens, tokens written).

    Raises TraceError for an empty trace, and for times that fall.
    """
    if not rows:
        raise TraceError("the trace is empty; it needs at least one request")
    for (_, before_s, *_), (line, after_s, *_) in pairwise(rows):
        if after_s < before_s:
            raise TraceError(f"line {line}: the request comes before the one above it; sort them by time")
    _, arrivals, prompts, answers = zip(*rows, strict=True)
    return RequestTrace(
        np.array(arrivals, dtype=np.float64) - arrivals[0],
        np.array(prompts, dtype=np.int64),
        np.array(answers, dtype=np.int64),
    )
