"""Which node labels say where a node sits and what GPU it has. There is no standard, so it is configuration.

(Topograph alone has used four families of keys; AWS numbers levels from the top, Topograph from the bottom.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.role_spec import LABEL_VALUE, PROFILE_NAME
from disaggregated_service.core.schema import Doc, MaxItems
from disaggregated_service.core.topology_labels import (
    GLOB,
    LABEL_KEY,
    NO_RESERVE,
    GpuClass,
    Reserve,
    TopologyProfile,
)

__all__ = [
    "GLOB",
    "LABEL_KEY",
    "NO_RESERVE",
    "GpuClass",
    "Levels",
    "Reserve",
    "TopologyProfile",
    "TopologyProfileSpec",
    "resolved",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Label keys of each level, in order of preference: the first key that a node carries counts.

    A key counts for one level of a node only, the innermost that names it. None means that the preset's list holds.
    """

    s1: Annotated[tuple[str, ...] | None, MaxItems(8), LABEL_KEY, Doc("The closest switch level (MiniPod).")] = None
    s2: Annotated[tuple[str, ...] | None, MaxItems(8), LABEL_KEY, Doc("The next one (BigPod).")] = None
    upper: Annotated[
        tuple[str, ...] | None, MaxItems(8), LABEL_KEY, Doc("Levels above, outermost first; each that a node carries.")
    ] = None


PRESET_LEVELS = Levels()


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyProfileSpec:
    """Everything under `spec`. None means that the preset's value holds."""

    preset: Annotated[str | None, PROFILE_NAME, Doc("A built-in profile whose lists hold unless given here.")] = None
    node_selector: Annotated[
        Mapping[str, str], MaxItems(16), LABEL_VALUE, Doc("The nodes it speaks for; none given: all.")
    ] = field(default_factory=dict)
    levels: Annotated[Levels, Doc("Label keys of each level.")] = PRESET_LEVELS
    gpu_classes: Annotated[
        Mapping[str, GpuClass],
        MaxItems(32),
        Doc("GPU classes by name; they add to the preset's, and replace those of the same name."),
    ] = field(default_factory=dict)
    gpu_resource: Annotated[
        str | None, LABEL_KEY, Doc("The extended resource of a GPU, for instance nvidia.com/gpu.")
    ] = None
    rdma_resources: Annotated[
        tuple[str, ...] | None,
        MaxItems(16),
        GLOB,
        Doc("A node with none of these takes no replica; an empty list does not ask."),
    ] = None
    reserve: Annotated[Reserve, Doc("Fraction of each tier's GPUs that is never allotted.")] = NO_RESERVE


def resolved(name: str, spec: TopologyProfileSpec) -> TopologyProfile:
    """The profile `name` with its preset merged in. A preset nobody knows (a fault, elsewhere) gives nothing."""
    base = PRESETS.get(spec.preset or "", TopologyProfile(name=name))
    classes = {**dict(base.classes), **spec.gpu_classes}
    return replace(
        base,
        name=name,
        node_selector=tuple(sorted(spec.node_selector.items())),
        s1=_given(spec.levels.s1, base.s1),
        s2=_given(spec.levels.s2, base.s2),
        upper=_given(spec.levels.upper, base.upper),
        classes=tuple(sorted(classes.items(), key=lambda item: item[0])),
        gpu_resource=spec.gpu_resource or base.gpu_resource,
        rdma_resources=_given(spec.rdma_resources, base.rdma_resources),
        reserve=spec.reserve,
    )


def _given(written: tuple[str, ...] | None, preset: tuple[str, ...]) -> tuple[str, ...]:
    return preset if written is None else written
