"""What can be seen of the demo after one tick, and what is left at its end. Values only, for every way of showing."""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.pair import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One tick. at_s: since the demo's first moment. Rates are what the scaler read, NaN where it could not.

    wanted: what the two HPAs ask of their targets; ready: what serves. Latencies are 90th percentiles over the last
    minute, NaN where nobody finished. moved: whether the published pair differs from the tick before.
    """

    at_s: float
    decode_tps: float
    prefill_tps: float
    wanted: Pair
    ready: Pair
    ttft_s_p90: float
    tbt_s_p90: float
    gpu_hours: float
    decision: Decision
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The whole run. frames: in order, one a tick. GPU-hours: from asking for a replica to the end of its drain.

    static: the constant pair for the same peak. The two ratio figures are shares of the ticks: of published pairs, and
    of pairs ready to serve, outside the band.
    """

    seed: int
    hours: float
    requests: int
    slo_attainment_frac: float
    gpu_hours: float
    gpu_hours_static_peak: float
    static: Pair
    actions: int
    ratio_out_of_band_frac: float
    ready_out_of_band_frac: float
    calls: int
    calls_failed: int
    frames: tuple[Frame, ...]
