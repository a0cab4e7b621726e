"""The shape of a replica: what it needs of a node, and how much of another shape's room it may spoil.

Nobody knows on which of its nodes the scheduler will put a replica that is allotted and not yet bound. So it is charged
what it can spoil at worst, wherever it lands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.role_spec import RoleSpec
from prescheduler.core.topology import Integers


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """gpus: of one node's share. whole_nodes: 0 for a replica that shares its node, else how many, under one S1.

    pods: of one replica; they may land on nodes of their own where a replica has components.
    """

    resource: str
    gpus: int
    whole_nodes: int = 0
    pods: int = 1

    @property
    def gpus_of_replica(self) -> int:
        return self.gpus * max(1, self.whole_nodes)


def shape_of(role: RoleSpec, resource: str) -> Shape:
    """A role's shape. A replica of several nodes, or of components, takes whole nodes under one S1."""
    pods = sum(component.count for component in role.components)
    nodes = role.nodes_per_replica
    if nodes == 1 and not pods:
        return Shape(resource, role.gpus_per_replica)
    return Shape(resource, -(-role.gpus_per_replica // nodes), nodes, max(pods, nodes))


def spoilt(by: Shape, of: Shape, largest_node_gpus: int) -> int:
    """Replicas of shape `of` that one replica of shape `by` can take the room of, at most.

    Both single: floor((f - h) / g) >= floor(f / g) - ceil(h / g), whatever f is, also if many land on one node. Where a
    whole node is asked for (g above f / 2), that is a whole node each. 4-GPU replicas against 2-GPU ones: 2 each.
    """
    if by.resource != of.resource:
        return 0
    if by == of:
        return 1
    if of.whole_nodes:
        return -(-by.whole_nodes // of.whole_nodes) if by.whole_nodes and by.pods == by.whole_nodes else by.pods
    if not by.whole_nodes:
        return -(-by.gpus // of.gpus)
    on_whole_nodes = by.whole_nodes * (largest_node_gpus // of.gpus)
    scattered = by.pods + by.gpus_of_replica // of.gpus if by.pods > by.whole_nodes else 0
    return max(on_whole_nodes, scattered)


def spoilt_matrix(shapes: Sequence[Shape], largest_node_gpus: int) -> Integers:
    """[by, of] over all shapes of a cycle."""
    return np.array([[spoilt(by, of, largest_node_gpus) for of in shapes] for by in shapes], dtype=np.int64)
