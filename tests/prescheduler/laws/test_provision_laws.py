"""One bundle beyond the room, never two, whatever else goes on."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.placement_spec import OnExhausted
from prescheduler.core.bundle import bundles, path
from tests.prescheduler.laws.fleet import PAIRS, Cycles, Fleet, fleets
from tests.prescheduler.laws.scheduler import Replica, Scheduler, waiting

TURNS = st.lists(PAIRS, min_size=3, max_size=3)


def provisions(replica: Replica) -> bool:
    return replica.service.spec.placement.on_exhausted is OnExhausted.PROVISION


@given(
    fleets(sizes=("4g",), exhausted=("provision", "provision", "wait")),
    TURNS, st.integers(0, 10_000), st.integers(1, 3), st.sampled_from((15.0, 400.0, 700.0)),
)  # fmt: skip
def test_one_bundle_at_most_waits_for_nodes(
    fleet: Fleet, pairs: list[Pair], seed: int, repeats: int, step_s: float
) -> None:
    """Whoever does not provision is bound first; of those who do, no more is left over than a bundle each.

    All replicas are of one size here: a large one that has no room of its own can take that of two small ones.
    """
    targets = {one.key: pair for one, pair in zip(fleet.services, pairs, strict=False)}
    random = Random(seed)
    cycles, scheduler = Cycles.of(fleet.services), Scheduler.over(fleet.nodes, fleet.pods, random, packs=False)
    for _ in range(repeats):
        cycles.now_s += step_s
        cycles.plan(fleet.nodes, scheduler.pods, targets)
        left = [each for one in fleet.services for each in waiting(one, cycles.groups[one.key], scheduler.pods)]
        random.shuffle(left)
        left.sort(key=provisions)
        stranded = [each for each in left if not scheduler.bind(each)]
        assert all(provisions(each) for each in stranded)
        beyond = [
            max(each.prefill + each.decode for each in bundles(path(Pair(0, 0), targets[one.key])))
            for one in fleet.services
            if one.key in cycles.memory.provisions
        ]
        assert len(stranded) <= sum(beyond)
        for key, granted in cycles.in_force.items():
            assert granted.prefill <= targets[key].prefill
            assert granted.decode <= targets[key].decode
