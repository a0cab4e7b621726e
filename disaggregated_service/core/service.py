"""The DisaggregatedService as one value, every default filled in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from disaggregated_service.core.guard_spec import GuardMetric, GuardSpec, Raises
from disaggregated_service.core.load_spec import Damping, LoadSpec
from disaggregated_service.core.override import Override
from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.placement_spec import PlacementSpec
from disaggregated_service.core.ratio import FixedRatio, MeasuredRatio
from disaggregated_service.core.role_spec import Roles
from disaggregated_service.core.schedule_spec import ScheduleEntry
from disaggregated_service.core.schema import Bounds, Doc, MaxItems, Tagged
from disaggregated_service.core.signals_spec import Engine, SignalsSpec

DAMPING = Damping()  # shared defaults: frozen, so one value serves every service
ANYWHERE = PlacementSpec()


class Mode(StrEnum):
    """active: KEDA is told. advisory: decide, explain, record; KEDA is told nothing."""

    ACTIVE = "active"
    ADVISORY = "advisory"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """Everything under `spec`."""

    mode: Annotated[Mode, Doc("active, or advisory: decide, explain and record, but tell KEDA nothing.")] = Mode.ACTIVE
    priority: Annotated[int, Bounds(0, 1_000_000), Doc("Who is served first when GPUs are short.")] = 100
    engine: Annotated[Engine, Doc("Preset of metric names.")] = Engine.VLLM
    roles: Annotated[Roles, Doc("The two pools.")]
    ratio: Annotated[
        FixedRatio | MeasuredRatio, Tagged("mode", ("fixed", "measured")), Doc("Prefill to decode replicas.")
    ]
    load: Annotated[LoadSpec, Doc("Proportional control on signals linear in the load.")]
    guards: Annotated[tuple[GuardSpec, ...], MaxItems(8), Doc("Negative feedback on latency.")] = ()
    damping: Annotated[Damping, Doc("Fraction of the gap closed in one load-driven action.")] = DAMPING
    gpu_budget: Annotated[int | None, Bounds(minimum=1), Doc("GPUs that both pools together may use.")] = None
    hpa_tolerance: Annotated[
        float,
        Bounds(0, 0.5),
        Doc("0.1 where the cluster's HPAs cannot be told otherwise (Kubernetes before 1.35)."),
    ] = 0.0
    schedule: Annotated[tuple[ScheduleEntry, ...], MaxItems(32), Doc("Known peaks.")] = ()
    signals: Annotated[SignalsSpec | None, Doc("Where readings come from; needed by serve and backtest.")] = None
    placement: Annotated[PlacementSpec, Doc("Where new replicas may go.")] = ANYWHERE

    @property
    def driving_roles(self) -> tuple[Role, ...]:
        """The roles whose own load is asked: the driver, or both where the ratio is measured."""
        if isinstance(self.ratio, MeasuredRatio):
            return (Role.PREFILL, Role.DECODE)
        return (self.load.driver,)

    @property
    def minima(self) -> Pair:
        return Pair(self.roles.prefill.min_replicas, self.roles.decode.min_replicas)

    @property
    def maxima(self) -> Pair:
        return Pair(self.roles.prefill.max_replicas, self.roles.decode.max_replicas)

    def raised_by(self, guard: GuardSpec) -> tuple[Role, ...]:
        """The roles a guard raises: as it says, else both (fixed) or the role that can cure it (measured)."""
        if guard.raises is not None:
            return guard.raises.roles
        if isinstance(self.ratio, MeasuredRatio):
            return (guard.metric.role,)
        return Raises.BOTH.roles

    def guard_metrics(self) -> tuple[GuardMetric, ...]:
        return tuple(sorted({guard.metric for guard in self.guards}))


@dataclass(frozen=True, slots=True, kw_only=True)
class DisaggregatedService:
    """One model served by one prefill pool and one decode pool."""

    key: ServiceKey
    spec: ServiceSpec
    overrides: tuple[Override, ...] = ()
    generation: int = 0
