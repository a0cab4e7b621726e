"""What is granted, whatever the fleet and whatever happens to it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.pair import ROLES, Pair, ServiceKey
from prescheduler.core.bundle import path
from prescheduler.core.plan import Placed
from prescheduler.core.record import NodeRecord
from prescheduler.core.usage import used_by
from tests.prescheduler.cluster_text import S1, S2
from tests.prescheduler.laws.fleet import PAIRS, Cycles, Fleet, fleets, planned_once
from tests.prescheduler.laws.scheduler import Scheduler, waiting

TARGETS = st.lists(PAIRS, min_size=3, max_size=3)
FATES = st.lists(
    st.sampled_from(("stays", "stays", "drains", "vanishes", "loses s1", "loses s2")), min_size=1, max_size=8
)


def targets_of(fleet: Fleet, pairs: list[Pair]) -> dict[ServiceKey, Pair]:
    return {one.key: pair for one, pair in zip(fleet.services, pairs, strict=False)}


def settled(fleet: Fleet, targets: dict[ServiceKey, Pair], seed: int) -> tuple[Cycles, Scheduler]:
    """A fleet after a first raise, all of it bound."""
    cycles, scheduler = Cycles.of(fleet.services), Scheduler.over(fleet.nodes, fleet.pods, Random(seed), packs=True)
    cycles.plan(fleet.nodes, fleet.pods, targets)
    for one in fleet.services:
        for replica in waiting(one, cycles.groups[one.key], scheduler.pods):
            scheduler.bind(replica)
    return cycles, scheduler


def struck(nodes: dict[str, NodeRecord], fates: list[str]) -> dict[str, NodeRecord]:
    """The nodes after each met its fate."""
    left: dict[str, NodeRecord] = {}
    for number, (name, node) in enumerate(sorted(nodes.items())):
        match fates[number % len(fates)]:
            case "vanishes":
                continue
            case "drains":
                left[name] = replace(node, placeable=False)
            case "loses s1":
                left[name] = replace(node, labels={key: value for key, value in node.labels.items() if key != S1})
            case "loses s2":
                left[name] = replace(node, labels={key: value for key, value in node.labels.items() if key != S2})
            case _:
                left[name] = node
    return left


def sums(placed: Placed) -> Pair:
    return Pair(*(sum(group.replicas(role) for group in placed.groups) for role in ROLES))


@given(fleets(), TARGETS)
def test_whole_bundles_or_nothing(fleet: Fleet, pairs: list[Pair]) -> None:
    cycles = Cycles.of(fleet.services)
    targets = targets_of(fleet, pairs)
    for key, placed in cycles.plan(fleet.nodes, fleet.pods, targets).placed.items():
        steps = path(Pair(0, 0), targets[key])
        assert placed.granted in steps
        assert bool(placed.refused) <= (placed.granted != targets[key])
        assert sums(placed) == placed.granted
        for group in placed.groups:
            assert all(group.replicas(role) for role in ROLES if min(targets[key].prefill, targets[key].decode))


@given(fleets(), TARGETS, TARGETS, st.integers(0, 1000))
def test_what_is_granted_lies_on_the_path_from_in_force_to_targets(
    fleet: Fleet, first: list[Pair], second: list[Pair], seed: int
) -> None:
    cycles, scheduler = settled(fleet, targets_of(fleet, first), seed)
    before, targets = dict(cycles.in_force), targets_of(fleet, second)
    bands = {one.key: one.spec.ratio.band for one in fleet.services}
    for key, placed in cycles.plan(fleet.nodes, scheduler.pods, targets).placed.items():
        start, band = before[key], bands[key]
        assert placed.granted in path(start, targets[key])
        for role in ROLES:
            assert placed.granted.of(role) <= max(start.of(role), targets[key].of(role))
            assert placed.granted.of(role) >= min(start.of(role), targets[key].of(role))
        lowered = path(start, targets[key])[0]
        if placed.granted not in (targets[key], lowered):
            distance = band.distance(placed.granted)
            assert distance == 0 or distance < band.distance(start)


@given(fleets(), TARGETS, FATES, st.integers(0, 1000), st.integers(0, 3))
def test_nothing_but_lower_targets_lowers_what_is_granted(
    fleet: Fleet, pairs: list[Pair], fates: list[str], seed: int, more: int
) -> None:
    cycles, scheduler = settled(fleet, targets_of(fleet, pairs), seed)
    before = dict(cycles.in_force)
    targets = {key: Pair(pair.prefill + more, pair.decode + more) for key, pair in before.items()}
    nodes = struck(fleet.nodes, fates)
    pods = [each for each in scheduler.pods if each.node in nodes or seed % 2]
    for key, placed in cycles.plan(nodes, pods, targets).placed.items():
        assert placed.granted.prefill >= before[key].prefill
        assert placed.granted.decode >= before[key].decode


@given(fleets(), TARGETS, FATES, st.integers(0, 1000))
def test_no_fate_of_the_nodes_makes_a_plan_fail(fleet: Fleet, pairs: list[Pair], fates: list[str], seed: int) -> None:
    cycles, scheduler = settled(fleet, targets_of(fleet, pairs), seed)
    for turn in range(3):
        nodes = struck(fleet.nodes, [*fates[turn:], *fates[:turn]])
        targets = targets_of(fleet, [*pairs[turn:], *pairs[:turn]])
        for placed in cycles.plan(nodes, scheduler.pods, targets).placed.values():
            assert all(group.replicas(role) >= 0 for group in placed.groups for role in ROLES)
            assert all(count > 0 for count in placed.refused.values())


@given(fleets(), TARGETS, TARGETS, st.integers(0, 1000))
def test_equal_inputs_give_equal_plans_in_whatever_order_they_come(
    fleet: Fleet, first: list[Pair], second: list[Pair], seed: int
) -> None:
    cycles, scheduler = settled(fleet, targets_of(fleet, first), seed)
    requests = cycles.requests(targets_of(fleet, second))
    expected = planned_once(fleet.nodes, scheduler.pods, requests, cycles.memory)
    random = Random(seed)
    nodes, pods = list(fleet.nodes.items()), list(scheduler.pods)
    random.shuffle(nodes)
    random.shuffle(pods)
    assert planned_once(dict(nodes), pods, requests, cycles.memory) == expected


@given(fleets(), TARGETS, st.integers(0, 1000))
def test_planning_again_without_a_change_moves_nothing(fleet: Fleet, pairs: list[Pair], seed: int) -> None:
    targets = targets_of(fleet, pairs)
    cycles = Cycles.of(fleet.services)
    first = cycles.plan(fleet.nodes, fleet.pods, targets)
    assert cycles.plan(fleet.nodes, fleet.pods, dict(cycles.in_force)).placed.keys() == first.placed.keys()
    assert {key: placed.groups for key, placed in first.placed.items()} == cycles.groups
    cycles, scheduler = settled(fleet, targets, seed)
    groups = dict(cycles.groups)
    again = cycles.plan(fleet.nodes, scheduler.pods, dict(cycles.in_force))
    assert cycles.groups == groups
    assert all(not placed.refused for placed in again.placed.values())


@given(fleets(), TARGETS)
def test_more_free_nodes_never_grant_less_to_whoever_comes_first(fleet: Fleet, pairs: list[Pair]) -> None:
    """Freed nodes, not new ones: a new one may change what its domain is."""
    targets = targets_of(fleet, pairs)
    first = fleet.services[0].key
    before = Cycles.of(fleet.services).plan(fleet.nodes, fleet.pods, targets).placed[first].granted
    emptied = Cycles.of(fleet.services).plan(fleet.nodes, [], targets).placed[first].granted
    assert emptied.prefill >= before.prefill
    assert emptied.decode >= before.decode
    healed = {name: replace(node, placeable=True) for name, node in fleet.nodes.items()}
    after = Cycles.of(fleet.services).plan(healed, fleet.pods, targets).placed[first].granted
    assert after.prefill >= before.prefill
    assert after.decode >= before.decode


@given(fleets(), TARGETS, TARGETS, st.integers(0, 1000))
def test_a_change_of_some_pods_counts_as_all_of_them_counted_anew(
    fleet: Fleet, first: list[Pair], second: list[Pair], seed: int
) -> None:
    cycles, scheduler = settled(fleet, targets_of(fleet, first), seed)
    gone = scheduler.pods[:: 1 + seed % 3]
    left = [each for each in scheduler.pods if each not in gone]
    usage = used_by(scheduler.pods).with_changes(removed=gone)
    requests = cycles.requests(targets_of(fleet, second))
    changed = planned_once(fleet.nodes, usage, requests, cycles.memory)
    assert changed == planned_once(fleet.nodes, left, requests, cycles.memory)
