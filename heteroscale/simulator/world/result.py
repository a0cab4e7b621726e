"""What happened to each request, and what share of them met the SLO."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.trace import FloatArray

Times = list[float] | FloatArray
"""Lists are what a world in Python writes fastest; a compiled one has arrays."""


@dataclass(frozen=True, slots=True)
class Slo:
    """Both must hold for a request: time to first token, and mean time between tokens."""

    ttft_s: float
    tbt_s: float


class Results:
    """Written by the world as requests move on; positions are those of `Requests`, NaN means not yet."""

    def __init__(self, requests: Requests, first_token_s: Times, finish_s: Times) -> None:
        self._arrival_s = requests.arrival_s
        self._output_tokens = requests.output_tokens
        self.first_token_s = first_token_s
        self.finish_s = finish_s

    def ttft_s(self) -> FloatArray:
        """Queueing, prefill and the KV transfer."""
        return np.asarray(self.first_token_s) - self._arrival_s

    def tbt_s(self) -> FloatArray:
        """Mean over one request, waiting for decode memory included; 0 for an answer of one token."""
        written = np.maximum(1, self._output_tokens - 1)
        mean_s: FloatArray = (np.asarray(self.finish_s) - np.asarray(self.first_token_s)) / written
        return mean_s

    def lately(self, now_s: float, window_s: float) -> tuple[FloatArray, FloatArray]:
        """TTFT of the first tokens, and TBT of the answers, that were out within the last `window_s` seconds.

        Looks at the requests of the last ten windows only; one that took longer is in the final figures.
        """
        low, high = np.searchsorted(self._arrival_s, (now_s - 10 * window_s, now_s))
        first_token_s = np.asarray(self.first_token_s[low:high])
        finish_s = np.asarray(self.finish_s[low:high])
        started = (first_token_s > now_s - window_s) & (first_token_s <= now_s)
        ended = (finish_s > now_s - window_s) & (finish_s <= now_s)
        written = np.maximum(1, self._output_tokens[low:high] - 1)
        ttft_s: FloatArray = (first_token_s - self._arrival_s[low:high])[started]
        tbt_s: FloatArray = ((finish_s - first_token_s) / written)[ended]
        return ttft_s, tbt_s

    def finished(self) -> int:
        return int(np.count_nonzero(~np.isnan(self.finish_s)))

    def within_slo_frac(self, slo: Slo) -> float:
        """Share of all requests that met both targets; one that never finished did not. 1 where there are none."""
        met = (self.ttft_s() <= slo.ttft_s) & (self.tbt_s() <= slo.tbt_s)
        return float(np.mean(met)) if len(met) else 1.0
