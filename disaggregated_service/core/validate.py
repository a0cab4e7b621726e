"""Everything that is wrong with a spec as a whole, all at once. This file only composes; each noun knows
its faults.
"""

from __future__ import annotations

from collections.abc import Iterable

from disaggregated_service.core.bound_faults import bound_faults
from disaggregated_service.core.component_faults import component_faults
from disaggregated_service.core.decode import decode
from disaggregated_service.core.fault import Fault, is_within
from disaggregated_service.core.guard_faults import guard_faults
from disaggregated_service.core.load_faults import load_faults
from disaggregated_service.core.placement_faults import placement_faults
from disaggregated_service.core.schedule_faults import OffsetsMin, schedule_faults
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.signals_faults import signals_faults, sparse_faults
from disaggregated_service.core.target_faults import target_faults

__all__ = ["faults_of", "read_spec", "sparse_faults"]


def faults_of(spec: ServiceSpec, offsets_min: OffsetsMin) -> tuple[Fault, ...]:
    """What no single field shows. `offsets_min` knows the time zones (edge/time_zone.py has one)."""
    return (
        *target_faults(spec),
        *component_faults(spec),
        *bound_faults(spec),
        *load_faults(spec),
        *guard_faults(spec),
        *schedule_faults(spec, offsets_min),
        *signals_faults(spec),
        *placement_faults(spec),
    )


def read_spec(data: object, offsets_min: OffsetsMin) -> tuple[ServiceSpec | None, tuple[Fault, ...]]:
    """The spec in plain data, or None and every fault of it.

    Where single fields are at fault the whole is checked all the same, with their defaults in place; what
    that finds in or around those fields may only be their echo and is left out.
    """
    decoded = decode(ServiceSpec, data, "spec")
    if decoded.value is None:
        return None, decoded.faults
    whole = faults_of(decoded.value, offsets_min)
    faults = (*decoded.faults, *(fault for fault in whole if not _echoes(fault, decoded.faults)))
    return (None, faults) if faults else (decoded.value, ())


def _echoes(fault: Fault, decoded: Iterable[Fault]) -> bool:
    return any(is_within(fault.path, known.path) or is_within(known.path, fault.path) for known in decoded)
