"""Load signals that are missing, of the wrong role, or that can never ask. It must never know guards or
bounds.
"""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.load_spec import RoleLoad
from disaggregated_service.core.pair import Role
from disaggregated_service.core.ratio import MeasuredRatio
from disaggregated_service.core.service import ServiceSpec

METRIC = {Role.PREFILL: "prefillTps", Role.DECODE: "decodeTps"}

SATURATION_FRAC = 0.95
"""A pool never reads above its capacity, and batching flattens the last few percent: a threshold that close
to it is reached too late or not at all.
"""


def load_faults(spec: ServiceSpec) -> Iterator[Fault]:
    yield from _missing(spec)
    if spec.load.scale_in_below >= 1:
        yield Fault(
            path="spec.load.scaleInBelow",
            wrong=f"is {spec.load.scale_in_below:g}: the thresholds cross, a pool at its target would shrink",
            right=f"write less than 1 (scaleOutAbove is {spec.load.scale_out_above:g}), for instance 0.9",
        )
    for role in Role:
        load = spec.load.of(role)
        if load is not None:
            yield from _role_faults(f"spec.load.{role}", role, load, spec.load.scale_out_above)


def _missing(spec: ServiceSpec) -> Iterator[Fault]:
    measured = isinstance(spec.ratio, MeasuredRatio)
    for role in spec.driving_roles:
        if spec.load.of(role) is None:
            why = "the ratio is measured, so both roles need one" if measured else f"{role} drives the pair"
            yield Fault(
                path=f"spec.load.{role}",
                wrong=f"is missing: {why}",
                right=f"write {{metric: {METRIC[role]}, targetPerReplica: ...}} in tokens/s",
            )


def _role_faults(path: str, role: Role, load: RoleLoad, scale_out_above: float) -> Iterator[Fault]:
    if load.metric != METRIC[role]:
        yield Fault(
            path=f"{path}.metric",
            wrong=f"{load.metric} is not the load of {role}",
            right=f"write {METRIC[role]}",
        )
    target, capacity = load.target_per_replica, load.capacity_per_replica
    if target is None and capacity is None:
        yield Fault(
            path=path,
            wrong="has neither targetPerReplica nor capacityPerReplica",
            right="write one of them, in tokens/s that one replica should carry or can carry",
        )
    elif target is not None and capacity is not None and capacity < target:
        yield Fault(
            path=f"{path}.capacityPerReplica",
            wrong=f"is {capacity:g}, below targetPerReplica {target:g}",
            right=f"write what one replica can carry within its SLO, about {target / 0.6:.0f} for that target",
        )
    elif capacity is not None and load.target * scale_out_above >= SATURATION_FRAC * capacity:
        yield Fault(
            path=f"{path}.targetPerReplica" if target is not None else "spec.load.scaleOutAbove",
            wrong=(
                f"{load.target:g} * scaleOutAbove {scale_out_above:g} is {load.target * scale_out_above:g}, not below "
                f"{SATURATION_FRAC} of capacityPerReplica {capacity:g}: the signal saturates before it can ask for more"
            ),
            right=_unsaturated(target, capacity, scale_out_above),
        )


def _unsaturated(target: float | None, capacity: float, scale_out_above: float) -> str:
    if target is None:
        return f"write a scaleOutAbove below {SATURATION_FRAC / 0.6:.2f}, for instance 1.1"
    most = SATURATION_FRAC * capacity / scale_out_above
    return f"write a targetPerReplica below {most:.6g}; 0.6 of the capacity is {0.6 * capacity:g}"
