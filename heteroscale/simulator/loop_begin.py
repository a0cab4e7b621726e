"""What stands at the beginning of a run: its requests, its plant, and the pair that runs at 0."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.cell import Cell, TraceRef
from heteroscale.simulator.policy.demand import demand_of
from heteroscale.simulator.policy.heteroscale import FixedSettings, MeasuredSettings, first_pair, variant
from heteroscale.simulator.policy.policy import Observe, Plant, Policy
from heteroscale.simulator.policy.registry import KINDS
from heteroscale.simulator.signals import WorldSignals
from heteroscale.simulator.signals_seen import RoleSeen, Seen
from heteroscale.simulator.trace import Trace, read_trace
from scaler.core.observation import Observation

MIDNIGHT_UNIX_S = 1_767_571_200.0
"""A Monday, UTC: the traces name no date, and a schedule needs one."""

FIRST_S = 300.0
"""The load of so long sizes the pair that a run begins with, whoever decides afterwards."""


class LateObserver:
    """Observations of signals that come into being after the policy that asks for them."""

    def __init__(self, cell: Cell) -> None:
        self._schedule = cell.service.spec.schedule
        self._calendar = cell.calendar
        self._begins_unix_s = MIDNIGHT_UNIX_S + cell.from_s
        self.signals: WorldSignals | None = None

    def __call__(self, now_s: float) -> Observation | None:
        if self.signals is None:
            return None
        active = self._calendar(self._schedule, self._begins_unix_s + now_s) if self._schedule else ()
        return self.signals.observation(now_s, active_entries=active)


def requests_of(cell: Cell) -> Requests:
    """The cell's load, the same for every policy. Raises what reading the trace raises."""
    return _requests(cell.trace, cell.shape, cell.from_s, cell.until_s)


def plant_of(cell: Cell, requests: Requests, observe: Observe) -> Plant:
    """Everything that a policy may know, the pair at the beginning included."""
    plant = Plant(
        service=cell.service,
        prefill=cell.prefill,
        decode=cell.decode,
        slo=cell.slo,
        requests=requests,
        duration_s=cell.duration_s,
        start=Pair(0, 0),
        start_up_s=cell.start_up.mean_s + cell.start_up.jitter_s,
        observe=observe,
    )
    return replace(plant, start=_start(cell, plant))


def first_wish(cell: Cell, plant: Plant, policy: Policy) -> Pair:
    """Who has a plan begins with it, so that nobody is charged for a fleet that he would not have had."""
    return policy.wish(NOTHING_SEEN, 0.0) if KINDS[cell.policy.name].foresees else plant.start


def _start(cell: Cell, plant: Plant) -> Pair:
    demand = demand_of(plant.requests, duration_s=plant.duration_s, bin_s=FIRST_S, tbt_s=plant.slo.tbt_s)
    needs = Pair(*(max(1, math.ceil(float(demand.of(role)[0]) / plant.target_tps(role))) for role in Role))
    settings = cell.policy.settings
    if isinstance(settings, FixedSettings | MeasuredSettings):
        return first_pair(variant(cell.service, settings, plant.requests), needs)
    return plant.bounded_pair(needs.prefill, needs.decode)


@lru_cache(maxsize=2)
def _requests(trace: TraceRef, shape: LoadShape, from_s: float, until_s: float) -> Requests:
    return cut_into_requests(_read(trace), shape, from_s=from_s, until_s=until_s)


@lru_cache(maxsize=4)
def _read(trace: TraceRef) -> Trace:
    return read_trace(trace) if isinstance(trace, Path) else trace


def at_a_glance(wanted: Pair) -> Seen:
    """Nothing but the counts that are wanted, for those who look no closer."""
    return replace(
        NOTHING_SEEN,
        prefill=replace(_NOBODY, wanted=wanted.prefill),
        decode=replace(_NOBODY, wanted=wanted.decode),
    )


_NOBODY = RoleSeen(
    wanted=0, ready=0, covered=0, tps=math.nan, waiting=math.nan, running=math.nan, kv_usage=math.nan,
    gpu_util_frac=math.nan, sm_active_frac=math.nan,
)  # fmt: skip
NOTHING_SEEN = Seen(
    at_s=0.0, prefill=_NOBODY, decode=_NOBODY, ttft_s_p90=math.nan, tbt_s_p90=math.nan, ttft_s_mean=math.nan,
    tbt_s_mean=math.nan, arrived=0, prompt_tokens=0.0, answer_tokens_mean=math.nan,
)  # fmt: skip
