"""From windows of scrapes to what a baseline sees. Computed once a scrape."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from disaggregated_service.core.pair import Role
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.signals_busy import Busyness
from heteroscale.simulator.signals_latency import mean_s, quantile_s
from heteroscale.simulator.signals_scrape import KV_USAGE, RUNNING, WAITING, FloatArray, IntArray
from heteroscale.simulator.signals_seen import RoleSeen, Seen
from heteroscale.simulator.signals_window import Pooled, RoleWindow
from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, TTFT_BOUNDS_S
from scaler.core.observation import Present, Reading

ANSWERED_AFTER_S = 60.0
"""About how long an answer takes: those who came so long ago are the ones whose answers end now."""


class Frontend:
    """What a gateway has counted: requests and prompt tokens as they came in, answers as they ended."""

    def __init__(self, requests: Requests, window_s: float) -> None:
        self._arrival_s = requests.arrival_s
        self._prompts = _running_sum(requests.prompt_tokens)
        self._answers = _running_sum(requests.output_tokens)
        self._window_s = window_s

    def arrived(self, at_s: float) -> tuple[int, float]:
        """Requests and prompt tokens since the beginning."""
        count = int(np.searchsorted(self._arrival_s, at_s, side="right"))
        return count, float(self._prompts[count])

    def answer_tokens_mean(self, at_s: float) -> float:
        """Of the answers that ended in the window before; NaN where there was none."""
        until_s = at_s - ANSWERED_AFTER_S
        low, high = np.searchsorted(self._arrival_s, (until_s - self._window_s, until_s))
        return float(self._answers[high] - self._answers[low]) / (high - low) if high > low else math.nan


def look(windows: Mapping[Role, RoleWindow], busy: Mapping[Role, Busyness], frontend: Frontend) -> Seen | None:
    """As of the last scrape; `wanted` is left at 0 for the caller. None before the first scrape."""
    at_s = windows[Role.PREFILL].newest_s
    prefill, decode = (windows[role].at(at_s) for role in (Role.PREFILL, Role.DECODE))
    if prefill is None or decode is None:
        return None
    arrived, prompt_tokens = frontend.arrived(at_s)
    return Seen(
        at_s=at_s,
        prefill=_role(prefill, windows[Role.PREFILL].window_s, busy[Role.PREFILL]),
        decode=_role(decode, windows[Role.DECODE].window_s, busy[Role.DECODE]),
        ttft_s_p90=quantile_s(prefill, TTFT_BOUNDS_S, 0.9),
        ttft_s_mean=mean_s(prefill),
        tbt_s_p90=quantile_s(decode, TBT_BOUNDS_S, 0.9),
        tbt_s_mean=mean_s(decode),
        arrived=arrived,
        prompt_tokens=prompt_tokens,
        answer_tokens_mean=frontend.answer_tokens_mean(at_s),
    )


def _role(pooled: Pooled, window_s: float, busy: Busyness) -> RoleSeen:
    return RoleSeen(
        wanted=0,
        ready=pooled.ready,
        covered=pooled.covered,
        tps=_value(pooled.load(window_s)),
        waiting=_value(pooled.gauge(WAITING)),
        running=_value(pooled.gauge(RUNNING)),
        kv_usage=_value(pooled.gauge(KV_USAGE)),
        gpu_util_frac=busy.gpu_util_frac,
        sm_active_frac=busy.sm_active_frac,
    )


def _value(reading: Reading[float]) -> float:
    return reading.value if isinstance(reading, Present) else math.nan


def _running_sum(tokens: IntArray) -> FloatArray:
    return np.concatenate(([0.0], np.cumsum(tokens, dtype=np.float64)))
