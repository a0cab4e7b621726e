"""Components of a role (disaggregated MoE) that cannot be scaled as one replica. It must never ask a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.role_spec import ScaleTarget
from disaggregated_service.core.service import ServiceSpec


def component_faults(spec: ServiceSpec) -> Iterator[Fault]:
    """Names and targets that come twice, and GPUs that do not divide."""
    for role in ROLES:
        yield from _names(spec, role)
        yield from _gpus(spec, role)
    yield from _targets(spec)


def _names(spec: ServiceSpec, role: Role) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for index, component in enumerate(spec.roles.of(role).components):
        path = f"spec.roles.{role}.components[{index}]"
        known = first.setdefault(component.name, path)
        if known != path:
            wrong = f"{component.name} is the name of {known} too"
            yield Fault(path=f"{path}.name", wrong=wrong, right="give each component of a role a name of its own")


def _gpus(spec: ServiceSpec, role: Role) -> Iterator[Fault]:
    """Every instance of a component has the same share of the replica's GPUs; a part of a GPU cannot be given."""
    pool = spec.roles.of(role)
    instances = sum(component.count for component in pool.components)
    if instances == 0 or pool.gpus_per_replica % instances == 0:
        return
    share = max(1, round(pool.gpus_per_replica / instances))
    yield Fault(
        path=f"spec.roles.{role}.gpusPerReplica",
        wrong=f"is {pool.gpus_per_replica}, not divisible by the {instances} instances of its components",
        right=f"write a multiple, for instance {share * instances}, or change the counts",
    )


def _targets(spec: ServiceSpec) -> Iterator[Fault]:
    first: dict[ScaleTarget, str] = {
        spec.roles.of(role).target: f"spec.roles.{role}.target" for role in reversed(ROLES)
    }
    for role in ROLES:
        for index, component in enumerate(spec.roles.of(role).components):
            path = f"spec.roles.{role}.components[{index}].target"
            known = first.setdefault(component.target, path)
            if known != path:
                wrong = f"is {known} too ({component.target.kind} {component.target.name})"
                yield Fault(
                    path=path, wrong=wrong, right="name another object: each component needs a scale of its own"
                )
