"""What the evaluation compares: three loads, three engines, all policies. Plain values; nothing runs here.

Every service has the program's defaults and the capacities that the pressure test measures for its load: nothing is
fitted to a trace, and a baseline has the settings of its source.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import heteroscale.simulator
from disaggregated_service.core.guard_spec import GuardMetric, GuardSpec
from disaggregated_service.core.load_spec import TARGET_OF_CAPACITY_FRAC, LoadSpec, RoleLoad
from disaggregated_service.core.pair import Role, ServiceKey
from disaggregated_service.core.ratio import MeasuredRatio
from disaggregated_service.core.role_spec import Roles, RoleSpec, ScaleTarget
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from heteroscale.simulator.arrivals import LoadShape, cut_into_requests
from heteroscale.simulator.capacity import capacity_tps
from heteroscale.simulator.engines import ENGINES
from heteroscale.simulator.policy.registry import NAMES, default_choice
from heteroscale.simulator.study import StudySpec
from heteroscale.simulator.trace import read_trace
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.result import Slo
from heteroscale.simulator.world.start_up import StartUp
from heteroscale.ticker.calendar import active_entries

TRACES = Path(heteroscale.simulator.__file__).parent / "traces"
BIN_S = 600.0
ROOM_FACTOR = 1.5
"""maxReplicas over what the role's peak needs: room to be wrong, but no free hand for those who flee to the maximum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A recorded load, and how it is cut. busy_hour: the hour of it that the quick evaluation takes."""

    name: str
    file: str
    prompt_tokens_mean: float | None = None
    busy_hour: float = 0.0

    @property
    def path(self) -> Path:
        return TRACES / self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """An engine, what is promised with it, and how many replicas the load's peak is scaled to.

    Both targets are bounds of vLLM's buckets, so that a guard sees them exactly.
    """

    engine: str
    slo: Slo
    peak_replicas: float

    @property
    def of(self) -> Engine:
        return ENGINES[self.engine]


LOADS = (
    Load(name="DeepSeek-R1 day", file="servegen_deepseek-r1_per_10min.csv", busy_hour=10.0),
    Load(name="Azure conversation hour", file="azure2023_conv_per_minute.csv"),
    Load(name="m-small day 1", file="servegen_m-small_day1_per_10min.csv", prompt_tokens_mean=4000.0, busy_hour=10.0),
    Load(name="m-small day 3", file="servegen_m-small_day3_per_10min.csv", prompt_tokens_mean=4000.0, busy_hour=10.0),
)
FLEETS = (
    Fleet(engine="llama-3.1-70b-h100-tp4", slo=Slo(2.5, 0.025), peak_replicas=30),
    Fleet(engine="qwen3-32b-h200-tp1", slo=Slo(2.5, 0.025), peak_replicas=30),
    Fleet(engine="deepseek-r1-h200-dp16ep16", slo=Slo(5.0, 0.050), peak_replicas=8),  # of sixteen GPUs each
)
QUICK_POLICIES = (
    "heteroscale-measured",
    "heteroscale-fixed",
    "static-peak",
    "hpa-utilisation",
    "independent-tps",
    "oracle",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The pressure test of one load on one fleet. capacity_tps: of one replica; scale: of the load.

    peak_replicas: of each role, at its own peak and the default target, scaled.
    """

    capacity_tps: Mapping[Role, float]
    scale: float
    peak_replicas: Mapping[Role, float]


def measure(load: Load, fleet: Fleet) -> Measured:
    """What a replica carries at the load's mean lengths, and the scale that brings its peak to the fleet's size."""
    trace = read_trace(load.path)
    shape = LoadShape(scale=1.0, prompt_tokens_mean=load.prompt_tokens_mean)
    requests = cut_into_requests(trace, shape, from_s=0.0, until_s=trace.end_s)
    lengths = LoadShape(scale=1.0, prompt_tokens_mean=float(requests.prompt_tokens.mean()))
    answer = float(requests.output_tokens.mean())
    capacity = {
        role: capacity_tps(role, engine=fleet.of, slo=fleet.slo, shape=lengths, output_tokens_mean=answer)
        for role in Role
    }
    edges_s = np.arange(0.0, trace.end_s + 1, min(BIN_S, trace.end_s))
    tokens = {Role.PREFILL: requests.prompt_tokens, Role.DECODE: requests.output_tokens}
    needed = {
        role: np.histogram(requests.arrival_s, edges_s, weights=tokens[role])[0]
        / np.diff(edges_s)
        / (TARGET_OF_CAPACITY_FRAC * capacity[role])
        for role in Role
    }
    both = needed[Role.PREFILL] + needed[Role.DECODE]
    scale = _two_digits(fleet.peak_replicas / float(both.max()))
    peaks = {role: scale * float(needed[role].max()) for role in Role}
    return Measured(capacity_tps=capacity, scale=scale, peak_replicas=peaks)


def spec_of(load: Load, fleet: Fleet, measured: Measured, *, seeds: int, quick: bool = False) -> StudySpec:
    """The study of all policies, or of a few over an hour."""
    end_s = read_trace(load.path).end_s
    from_s = 3600.0 * load.busy_hour if quick else 0.0
    return StudySpec(
        service=service_of(fleet, measured),
        trace=load.path,
        trace_name=load.name,
        shape=LoadShape(scale=measured.scale, prompt_tokens_mean=load.prompt_tokens_mean),
        prefill=fleet.of,
        decode=fleet.of,
        engine_name=fleet.engine,
        policies=tuple(default_choice(name) for name in (QUICK_POLICIES if quick else NAMES)),
        seeds=seeds,
        from_s=from_s,
        until_s=min(end_s, from_s + 3600.0) if quick else end_s,
        start_up=StartUp(),
        calendar=active_entries,
    )


def service_of(fleet: Fleet, measured: Measured) -> DisaggregatedService:
    """Defaults wherever there are any; a band so wide that it never steers. The fixed ratio is the whole load's."""
    return DisaggregatedService(
        key=ServiceKey("llm", "evaluated"),
        spec=ServiceSpec(
            roles=Roles(prefill=_role(Role.PREFILL, fleet, measured), decode=_role(Role.DECODE, fleet, measured)),
            ratio=MeasuredRatio(min="1:8", max="8:1"),
            load=LoadSpec(
                prefill=RoleLoad(metric="prefillTps", capacity_per_replica=measured.capacity_tps[Role.PREFILL]),
                decode=RoleLoad(metric="decodeTps", capacity_per_replica=measured.capacity_tps[Role.DECODE]),
            ),
            guards=(
                GuardSpec(metric=GuardMetric.TTFT, target_s=fleet.slo.ttft_s),
                GuardSpec(metric=GuardMetric.TBT, target_s=fleet.slo.tbt_s),
            ),
        ),
    )


def _role(role: Role, fleet: Fleet, measured: Measured) -> RoleSpec:
    return RoleSpec(
        target=ScaleTarget(name=f"evaluated-{role}"),
        min_replicas=1,
        max_replicas=math.ceil(ROOM_FACTOR * measured.peak_replicas[role]),
        gpus_per_replica=fleet.of.gpus,
        gpu_classes=(),
    )


def _two_digits(value: float) -> float:
    digits = 1 - math.floor(math.log10(value))
    return round(value, digits)
