"""A plan is told from nodes, pods, requests and memory; what is kept from cycle to cycle to save time changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.pair import Pair, ServiceKey
from prescheduler.core.cycle import plan
from prescheduler.core.plan import Plan
from prescheduler.core.record import NodeRecord, PodRecord
from prescheduler.core.tier_memory import TierMemory
from prescheduler.core.topology import Topology, build
from prescheduler.core.usage import Usage, used_by
from tests.prescheduler.cluster_text import FABRIC
from tests.prescheduler.laws.fleet import PAIRS, Cycles, Fleet, fleets
from tests.prescheduler.laws.scheduler import Scheduler, waiting

TURNS = st.lists(st.lists(st.one_of(st.none(), PAIRS), min_size=3, max_size=3), min_size=2, max_size=5)
EVENTS = st.lists(
    st.sampled_from(("nothing", "nothing", "an hour", "drains", "returns", "pods go")), min_size=5, max_size=5
)


def fresh(
    cycles: Cycles, nodes: dict[str, NodeRecord], pods: Sequence[PodRecord], targets: dict[ServiceKey, Pair]
) -> Plan:
    """What a process would plan that has just started with the same memory: nothing kept, everything counted anew."""
    memory = replace(cycles.memory, kept=None)
    planned, _ = plan(topology_of(nodes), list(pods), cycles.requests(targets), memory, cycles.now_s)
    return planned


def topology_of(nodes: dict[str, NodeRecord]) -> Topology:
    return build(list(nodes.values()), {FABRIC.name: FABRIC})


def kept_going(
    cycles: Cycles, topology: Topology, usage: Usage, targets: dict[ServiceKey, Pair]
) -> tuple[Plan, TierMemory]:
    return plan(topology, usage, cycles.requests(targets), cycles.memory, cycles.now_s)


@given(fleets(exhausted=("wait", "degrade", "provision")), TURNS, EVENTS, st.integers(0, 10_000))
def test_a_process_that_goes_on_plans_as_one_that_starts(
    fleet: Fleet, turns: list[list[Pair | None]], events: list[str], seed: int
) -> None:
    random = Random(seed)
    nodes, cycles = fleet.nodes, Cycles.of(fleet.services)
    scheduler = Scheduler.over(nodes, fleet.pods, random, packs=True)
    topology, usage, counted = topology_of(nodes), used_by(fleet.pods), list(fleet.pods)
    for pairs, event in zip(turns, events, strict=False):
        cycles.now_s += 3700.0 if event == "an hour" else 15.0
        if event in ("drains", "returns"):
            name = random.choice(sorted(nodes))
            nodes = {**nodes, name: replace(nodes[name], placeable=event == "returns")}
            topology = topology_of(nodes)
        if event == "pods go":
            left = [each for each in scheduler.pods if random.random() < 0.6]
            scheduler = Scheduler.over(nodes, left, random, packs=True)
        gone = [each for each in counted if each not in scheduler.pods]
        come = [each for each in scheduler.pods if each not in counted]
        usage, counted = usage.with_changes(removed=gone, added=come), list(scheduler.pods)
        targets = {one.key: pair or cycles.in_force[one.key] for one, pair in zip(fleet.services, pairs, strict=False)}
        expected = fresh(cycles, nodes, scheduler.pods, targets)
        planned, cycles.memory = kept_going(cycles, topology, usage, targets)
        assert planned == expected
        for key, placed in planned.placed.items():
            cycles.in_force[key], cycles.groups[key] = placed.granted, placed.groups
        for one in fleet.services:
            for replica in waiting(one, cycles.groups[one.key], scheduler.pods):
                if replica.group.domain is not None and random.random() < 0.9:
                    scheduler.bind(replica)
