"""Raises and decreases in turn, pods bound and gone in between: no cycle promises what it cannot keep."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.pair import ROLES, Pair
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.record import PodRecord
from tests.prescheduler.laws.fleet import PAIRS, Cycles, Fleet, fleets
from tests.prescheduler.laws.scheduler import Replica, Scheduler, waiting
from tests.prescheduler.world import group_text

TURNS = st.lists(st.lists(PAIRS, min_size=3, max_size=3), min_size=2, max_size=4)
SIZES = ("4g", "4g", "8g", "2g")


def missing(cycles: Cycles, scheduler: Scheduler) -> list[Replica]:
    """What is granted and not bound, the groups that lack most first: no more pods exist than are granted."""
    found: list[Replica] = []
    for one in cycles.services:
        lacking = waiting(one, cycles.groups[one.key], scheduler.pods)
        for role in ROLES:
            alive = len(replicas_of(one, scheduler.pods, role))
            left = max(0, cycles.in_force[one.key].of(role) - alive)
            found += [each for each in lacking if each.role is role][:left]
    return found


def replicas_of(service: DisaggregatedService, pods: Sequence[PodRecord], role: object) -> list[PodRecord]:
    return [each for each in pods if each.service == service.key and each.role is role]


def scale_in(cycles: Cycles, scheduler: Scheduler, random: Random) -> Scheduler:
    """What runs above what is granted is killed, and gone at once: whichever pods the owner likes."""
    victims: list[PodRecord] = []
    for one in cycles.services:
        for role in ROLES:
            alive = replicas_of(one, scheduler.pods, role)
            random.shuffle(alive)
            victims += alive[cycles.in_force[one.key].of(role) :]
    gone = {each.uid for each in victims if each.service is not None}
    left = [each for each in scheduler.pods if each.service is None or each.uid not in gone]
    return Scheduler.over(scheduler.nodes, left, random, packs=scheduler.packs)


def copy(scheduler: Scheduler, seed: int) -> Scheduler:
    return Scheduler.over(scheduler.nodes, scheduler.pods, Random(seed), packs=False)


@given(fleets(sizes=SIZES), TURNS, st.integers(0, 10_000), st.booleans(), st.sampled_from((0.3, 0.7, 1.0)))
def test_at_every_turn_all_that_is_missing_finds_a_node_in_any_order(
    fleet: Fleet, turns: list[list[Pair]], seed: int, packs: bool, share: float
) -> None:
    random = Random(seed)
    cycles, scheduler = Cycles.of(fleet.services), Scheduler.over(fleet.nodes, fleet.pods, random, packs=packs)
    for number, pairs in enumerate(turns):
        targets = {one.key: pair for one, pair in zip(fleet.services, pairs, strict=False)}
        cycles.plan(fleet.nodes, scheduler.pods, targets)
        if random.random() < 0.7:
            scheduler = scale_in(cycles, scheduler, random)
        left = missing(cycles, scheduler)
        random.shuffle(left)
        rehearsal = copy(scheduler, seed + number)
        for replica in left:
            assert rehearsal.bind(replica), f"{replica.service.key.name} {replica.role} {group_text(replica.group)}"
        for replica in left[: int(len(left) * share)]:
            scheduler.bind(replica)


@given(fleets(), TURNS, st.integers(0, 10_000))
def test_groups_have_names_of_their_own_and_hold_together_what_is_granted(
    fleet: Fleet, turns: list[list[Pair]], seed: int
) -> None:
    random = Random(seed)
    cycles, scheduler = Cycles.of(fleet.services), Scheduler.over(fleet.nodes, fleet.pods, random, packs=True)
    for pairs in turns:
        targets = {one.key: pair for one, pair in zip(fleet.services, pairs, strict=False)}
        for key, placed in cycles.plan(fleet.nodes, scheduler.pods, targets).placed.items():
            names = [group.name for group in placed.groups]
            assert len(names) == len(set(names))
            assert all(name.startswith(f"{key.name}-") or name == "unknown" for name in names)
            assert Pair(*(sum(group.replicas(role) for group in placed.groups) for role in ROLES)) == placed.granted
        for replica in missing(cycles, scheduler):
            scheduler.bind(replica)
