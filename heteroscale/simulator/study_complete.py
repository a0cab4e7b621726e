"""What a service must say before policies can be compared on it, measured where it does not.

A service in fixed mode may name the load of its driver alone; the other role's capacity is then measured in this very
world, so that every policy gets the same numbers.
"""

from __future__ import annotations

from dataclasses import replace

from disaggregated_service.core.load_spec import LoadSpec, RoleLoad
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.arrivals import LoadShape, Requests
from heteroscale.simulator.capacity import capacity_tps
from heteroscale.simulator.cell import slo_of
from heteroscale.simulator.world.engine import Engine


def completed(
    service: DisaggregatedService, prefill: Engine, decode: Engine, requests: Requests
) -> tuple[DisaggregatedService, list[str]]:
    """The service with a load for both roles, and what the caller should know. Takes seconds where it has to measure.

    Raises ValueError for a role that carries nothing within the SLO.
    """
    notes: list[str] = []
    for role, engine in ((Role.PREFILL, prefill), (Role.DECODE, decode)):
        bound = service.spec.roles.of(role).gpus_per_replica
        if bound != engine.gpus:
            notes.append(
                f"note: {role} has gpusPerReplica {bound}, and {engine.name} uses {engine.gpus}, which is billed"
            )
    load = service.spec.load
    for role in ROLES:
        if load.of(role) is not None:
            continue
        engine = prefill if role is Role.PREFILL else decode
        capacity = _measured(service, role, engine, requests)
        load = _with(load, role, capacity)
        notes.append(
            f"note: spec.load.{role} is missing; measured in this world: capacityPerReplica {capacity:,.0f} tokens/s"
        )
    return replace(service, spec=replace(service.spec, load=load)), notes


def _measured(service: DisaggregatedService, role: Role, engine: Engine, requests: Requests) -> float:
    capacity = capacity_tps(
        role,
        engine=engine,
        slo=slo_of(service),
        shape=LoadShape(scale=1.0, prompt_tokens_mean=float(requests.prompt_tokens.mean())),
        output_tokens_mean=float(requests.output_tokens.mean()),
    )
    if capacity < 1:
        raise ValueError(f"{engine.name} carries nothing as {role} within the targets of the guards; raise them")
    return capacity


def _with(load: LoadSpec, role: Role, capacity: float) -> LoadSpec:
    if role is Role.PREFILL:
        return replace(load, prefill=RoleLoad(metric="prefillTps", capacity_per_replica=capacity))
    return replace(load, decode=RoleLoad(metric="decodeTps", capacity_per_replica=capacity))
