"""Nothing is refused that would fit: a planner that grants nothing would keep every other law."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import ROLES, Pair, Role
from prescheduler.core.bundle import path
from prescheduler.core.record import NodeRecord
from tests.prescheduler.cluster_text import CLASSES, GPU, PRODUCT, RDMA, S1, S2, ZONE, services_of
from tests.prescheduler.laws.fleet import Cycles, Fleet, fleets

KEYS = {"s1": (ZONE, S2, S1), "s2": (ZONE, S2)}
CLASS_OF = {f"NVIDIA-{name.upper()}": name for name in CLASSES}


def room(fleet: Fleet, affinity: str, gpus: int, gpu_class: str) -> Mapping[tuple[str, ...], int]:
    """Replicas of one size that each domain has room for, counted node by node; mixed S1s stand for themselves."""
    free = {name: node.allocatable[GPU] for name, node in fleet.nodes.items()}
    for pod in fleet.pods:
        free[pod.node] -= pod.requests[GPU]
    classes: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for node in fleet.nodes.values():
        if node.labels[PRODUCT] in CLASS_OF and S1 in node.labels:
            classes[domain(node, KEYS["s1"])].add(node.labels[PRODUCT])
    found: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for name, node in fleet.nodes.items():
        if not node.placeable or not node.allocatable.get(RDMA) or CLASS_OF.get(node.labels[PRODUCT]) != gpu_class:
            continue
        keys = KEYS["s1"] if len(classes[domain(node, KEYS["s1"])]) > 1 else KEYS[affinity]
        if all(key in node.labels for key in keys):
            found[domain(node, keys)] += free[name] // gpus
    return found


def domain(node: NodeRecord, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(node.labels.get(key, "") for key in keys)


def taken(groups: tuple[DeploymentGroup, ...]) -> Mapping[tuple[str, ...], int]:
    return {
        tuple(label.value for label in group.domain.labels): sum(group.replicas(role) for role in ROLES)
        for group in groups
        if group.domain is not None
    }


@given(fleets(), st.sampled_from(("s1", "s2")), st.sampled_from((1, 2, 4, 8)), st.integers(1, 8), st.integers(1, 3))
def test_the_bundle_that_was_refused_fits_into_no_domain(
    fleet: Fleet, affinity: str, gpus: int, prefill: int, ratio: int
) -> None:
    chat = services_of(f"chat: {gpus}g h20 + {gpus}g h20, {affinity}, 1:1000..1000:1")["chat"]
    targets = Pair(prefill, prefill * ratio)
    placed = Cycles.of([chat]).plan(fleet.nodes, fleet.pods, {chat.key: targets}).placed[chat.key]
    held = taken(placed.groups)
    has = room(fleet, affinity, gpus, "h20")
    assert all(count <= has[where] for where, count in held.items())
    if placed.granted != targets:
        steps = path(Pair(0, 0), targets)
        after = steps[steps.index(placed.granted) + 1]
        needs = sum(after.of(role) - placed.granted.of(role) for role in (Role.PREFILL, Role.DECODE))
        assert all(count - held.get(where, 0) < needs for where, count in has.items())
