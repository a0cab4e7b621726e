"""Whether a run can still reach an attainment: a search need not play out what has already failed.

Requests are looked at once, some minutes after they came; counted are those that have missed a target for certain.
"""

from __future__ import annotations

import numpy as np

from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.world.result import Results, Slo

LOOK_BACK_S = 180.0
"""By then most are answered; who is not counted then never is, so that the verdict errs to the safe side."""


class Doom:
    """One run's certain misses so far."""

    def __init__(self, requests: Requests, results: Results, slo: Slo, attained_frac: float) -> None:
        self._requests = requests
        self._results = results
        self._slo = slo
        self._allowed = (1.0 - attained_frac) * len(requests)
        self._looked_at = 0
        self._missed = 0

    def is_sealed(self, now_s: float) -> bool:
        """Whether more have missed than may; to be asked as time goes on."""
        until = int(np.searchsorted(self._requests.arrival_s, now_s - LOOK_BACK_S))
        new = slice(self._looked_at, until)
        self._looked_at = until
        arrival_s = self._requests.arrival_s[new]
        first_s = np.asarray(self._results.first_token_s[new])
        finish_s = np.asarray(self._results.finish_s[new])
        written = np.maximum(1, self._requests.output_tokens[new] - 1)
        late = ~(first_s - arrival_s <= self._slo.ttft_s)  # not a number: no first token yet, which is late by now
        slow = np.where(np.isnan(finish_s), now_s, finish_s) - first_s > self._slo.tbt_s * written
        self._missed += int(np.count_nonzero(late | slow))
        return self._missed > self._allowed
