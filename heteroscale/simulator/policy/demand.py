"""The load of a run as rates over time: what somebody would have measured who had ample replicas.

Prompt tokens count where they arrive, written tokens spread over the time that writing them takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.pair import Role
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.trace import FloatArray


@dataclass(frozen=True, slots=True)
class Demand:
    """Tokens/s of each role per bin of `bin_s` seconds from 0."""

    bin_s: float
    prefill_tps: FloatArray
    decode_tps: FloatArray

    def of(self, role: Role) -> FloatArray:
        return self.prefill_tps if role is Role.PREFILL else self.decode_tps


def demand_of(requests: Requests, *, duration_s: float, bin_s: float, tbt_s: float) -> Demand:
    """Bins over 0..`duration_s`, the last one whole; answers are written one token every `tbt_s` seconds."""
    bins = max(1, math.ceil(duration_s / bin_s))
    edges_s = np.arange(bins + 1, dtype=np.float64) * np.float64(bin_s)
    read, _ = np.histogram(requests.arrival_s, edges_s, weights=requests.prompt_tokens.astype(np.float64))
    written = np.diff(_written_by(requests, edges_s, tbt_s))
    return Demand(bin_s, read / bin_s, written / bin_s)


def _written_by(requests: Requests, times_s: FloatArray, tbt_s: float) -> FloatArray:
    """Tokens written until each time: every answer runs at the same rate from its arrival to its end."""
    begin_s = requests.arrival_s
    end_s = np.sort(begin_s + requests.output_tokens * tbt_s)
    return (_ramps(begin_s, times_s) - _ramps(end_s, times_s)) / tbt_s


def _ramps(since_s: FloatArray, times_s: FloatArray) -> FloatArray:
    """Sum over i of max(0, t - since[i]), for ascending `since_s`."""
    passed = np.searchsorted(since_s, times_s)
    sums = np.concatenate(([0.0], np.cumsum(since_s)))
    ramps: FloatArray = passed * times_s - sums[passed]
    return ramps
