"""Why a bundle found no room, in nodes per reason. Each node counts once, under the first reason that keeps it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.placement_spec import Affinity
from prescheduler.core.holding import Holding
from prescheduler.core.plan import Refusal
from prescheduler.core.spot import gpus, rank_max, wanted_classes
from prescheduler.core.stage import Stage
from prescheduler.core.topology import Flags, Integers


def refusals(holding: Holding, affinity: Affinity, bundle: Pair, stage: Stage) -> Mapping[Refusal, int]:
    """Nodes per reason, the nodes of other profiles left out. What is promised to others is not free."""
    view = holding.profile.subgroups.view
    roles = [role for role in ROLES if bundle.of(role)]
    found = holding.profile.candidates(affinity)
    tier = np.where(found.of_node >= 0, holding.profile.subgroups.tier, 0)
    whole = any(holding.shapes[role].whole_nodes for role in roles)
    reasons: list[tuple[Refusal, Flags]] = [
        (Refusal.NOT_PLACEABLE, ~stage.topology.placeable),
        (Refusal.NO_GPU_CLASS, view.gpu_class < 0),
        (Refusal.NO_RDMA, ~view.rdma),
        (Refusal.UNKNOWN_TOPOLOGY, found.of_node < 0),
        (Refusal.WRONG_GPU_CLASS, ~_any(_of_class(holding, role) for role in roles)),
        (Refusal.TIER_TOO_SCARCE, tier > rank_max(holding)),
        (
            Refusal.NO_WHOLE_NODE if whole else Refusal.TOO_FEW_GPUS,
            ~_any(_has_room(holding, role, bundle.of(role), found.of_node, stage) for role in roles),
        ),
        (Refusal.RESERVED, holding.profile.reserves.left_of(np.maximum(tier, 0)) < gpus(holding, bundle)),
    ]
    left = view.member.copy()
    counts: dict[Refusal, int] = {}
    for reason, kept_out in reasons:
        counts[reason] = counts.get(reason, 0) + int(np.count_nonzero(left & kept_out))
        left &= ~kept_out
    counts[Refusal.OTHER_ROLE_DOES_NOT_FIT] = int(np.count_nonzero(left))
    return {reason: nodes for reason, nodes in counts.items() if nodes}


def _of_class(holding: Holding, role: Role) -> Flags:
    view = holding.profile.subgroups.view
    wanted = wanted_classes(holding, role)
    if wanted == [None]:
        return np.ones(len(view.gpu_class), dtype=np.bool_)
    found: Flags = np.isin(view.gpu_class, [holding.profile.classes[gpu_class] for gpu_class in wanted])
    return found


def _has_room(holding: Holding, role: Role, replicas: int, subgroup: Integers, stage: Stage) -> Flags:
    """Nodes that have room for one replica, in a subgroup that has room for so many."""
    shape = holding.shapes[role]
    here = stage.free.replicas(shape) > 0
    room = np.zeros(len(here), dtype=np.int64)
    for gpu_class in wanted_classes(holding, role):
        seen = (subgroup >= 0) & _seen_as(holding, gpu_class)
        room[seen] = stage.capacity.room(shape, holding.profile.places(subgroup[seen], gpu_class))
    enough: Flags = here & (room >= replicas)
    return enough


def _seen_as(holding: Holding, gpu_class: str | None) -> Flags:
    of_node = holding.profile.subgroups.view.gpu_class
    return np.ones(len(of_node), dtype=np.bool_) if gpu_class is None else of_node == holding.profile.classes[gpu_class]


def _any(flags: Iterable[Flags]) -> Flags:
    found: Flags = np.logical_or.reduce(list(flags))
    return found
