"""No node gets more than it has, and what was allotted finds a node, whatever the scheduler does with it."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from tests.prescheduler.laws.fleet import PAIRS, Cycles, Fleet, fleets
from tests.prescheduler.laws.scheduler import Replica, Scheduler, waiting
from tests.prescheduler.world import group_text

ROUNDS = st.lists(st.lists(PAIRS, min_size=3, max_size=3), min_size=1, max_size=3)
SINGLE = ("4g", "8g", "2g", "1g")


def raised(
    services: list[DisaggregatedService], in_force: dict[ServiceKey, Pair], by: list[Pair]
) -> dict[ServiceKey, Pair]:
    return {
        one.key: Pair(in_force[one.key].prefill + more.prefill, in_force[one.key].decode + more.decode)
        for one, more in zip(services, by, strict=False)
    }


def told(replica: Replica) -> str:
    return f"{replica.service.key.name} {replica.role} of {group_text(replica.group)}"


def bind_in_any_order(fleet: Fleet, rounds: list[list[Pair]], random: Random, *, packs: bool, share: float) -> None:
    """Rounds of raises; after each a part of what waits is bound, after the last one all of it."""
    cycles, scheduler = Cycles.of(fleet.services), Scheduler.over(fleet.nodes, fleet.pods, random, packs=packs)
    for number, by in enumerate(rounds):
        cycles.plan(fleet.nodes, scheduler.pods, raised(fleet.services, cycles.in_force, by))
        left = [each for one in fleet.services for each in waiting(one, cycles.groups[one.key], scheduler.pods)]
        random.shuffle(left)
        last = number == len(rounds) - 1
        for replica in left if last else left[: int(len(left) * share)]:
            assert scheduler.bind(replica), f"stranded: {told(replica)}"
    assert all(free >= 0 for free in scheduler.free.values())


@given(fleets(), ROUNDS, st.integers(0, 10_000), st.booleans(), st.sampled_from((0.0, 0.5, 1.0)))
def test_everything_allotted_finds_a_node_in_whatever_order_it_is_bound(
    fleet: Fleet, rounds: list[list[Pair]], seed: int, packs: bool, share: float
) -> None:
    bind_in_any_order(fleet, rounds, Random(seed), packs=packs, share=share)


@given(fleets(services=2, sizes=SINGLE), ROUNDS, st.integers(0, 10_000), st.sampled_from((0.0, 0.5)))
def test_two_services_of_different_sizes_share_a_domain_without_stranding_each_other(
    fleet: Fleet, rounds: list[list[Pair]], seed: int, share: float
) -> None:
    bind_in_any_order(fleet, rounds, Random(seed), packs=False, share=share)
