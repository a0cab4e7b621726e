"""What node labels mean in one kind of fabric: the profile as the pre-scheduler and the webhook read it.

This file must never know any particular label: the presets have those, and the user's own profiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from disaggregated_service.core.schema import Bounds, Doc, MaxItems, Pattern

LABEL_KEY = Pattern(r"([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", "fabric.topograph.run/tier-0", 317)
GLOB = Pattern(r"[A-Za-z0-9_.*/-]+", "NVIDIA-H100-*", 253)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuClass:
    """Products that count as one class. Shared and MIG products match only where a pattern names them."""

    label: Annotated[str, LABEL_KEY, Doc("The node label that names the product.")] = "nvidia.com/gpu.product"
    match: Annotated[tuple[str, ...], MaxItems(64), GLOB, Doc("Product patterns; * matches anything.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Fraction of a tier's GPUs that is never allotted."""

    low: Annotated[float, Bounds(0, 1), Doc("Of homogeneous S2 domains.")] = 0.0
    medium: Annotated[float, Bounds(0, 1), Doc("Of S2 domains of several GPU classes.")] = 0.0
    high: Annotated[float, Bounds(0, 1), Doc("Of S1 domains of several GPU classes.")] = 0.0


NO_RESERVE = Reserve()


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyProfile:
    """A profile with its preset merged in: what the pre-scheduler and the webhook read.

    s1, s2: keys in order of preference (`node_levels.levels_of` reads a node by them). upper: outermost first.
    classes: name to (label, patterns), sorted by name (`gpu_class.gpu_class_of` reads a node by them).
    """

    name: str
    node_selector: tuple[tuple[str, str], ...] = ()
    s1: tuple[str, ...] = ()
    s2: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    classes: tuple[tuple[str, GpuClass], ...] = ()
    gpu_resource: str = "nvidia.com/gpu"
    rdma_resources: tuple[str, ...] = ("rdma/*",)
    reserve: Reserve = NO_RESERVE

    def gpu_class(self, name: str) -> GpuClass | None:
        return next((found for known, found in self.classes if known == name), None)
