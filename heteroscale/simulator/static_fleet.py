"""The fleet that the pools are compared with: one that never changes, sized for the peak."""

from __future__ import annotations

import math

import numpy as np

from disaggregated_service.core.pair import Pair
from heteroscale.simulator.trace import RateTrace

GRID_S = 30.0


def static_peak(
    trace: RateTrace,
    *,
    scale: float,
    from_s: float,
    until_s: float,
    prefill_target_tps: float,
    decode_target_tps: float,
) -> Pair:
    """The smallest constant pair that carries the highest rate of the hours at the same target per replica.

    Each role is sized by its own peak, without regard to any ratio: nothing is added that the scaler has to carry and
    a static fleet has not. It has the same headroom as the scaled pools, because a fleet without any would meet its
    first burst with full queues; it pays neither start-ups nor drains.
    """
    input_tps, output_tps = trace.rates_at(np.arange(from_s, until_s + GRID_S / 2, GRID_S))
    return Pair(
        math.ceil(float(input_tps.max()) * scale / prefill_target_tps),
        math.ceil(float(output_tps.max()) * scale / decode_target_tps),
    )
