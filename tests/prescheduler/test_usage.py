"""What pods hold, counted by changes: the same as counted anew."""

from __future__ import annotations

from collections.abc import Sequence

from disaggregated_service.core.pair import Pair
from prescheduler.core.cycle import plan
from prescheduler.core.plan import Request
from prescheduler.core.record import PodRecord
from prescheduler.core.tier_memory import NOTHING_REMEMBERED
from prescheduler.core.topology import build
from prescheduler.core.usage import NOTHING_USED, used_by
from tests.prescheduler.cluster_text import FABRIC, nodes_of, pods_of, services_of

SERVICES = services_of("chat: 4g h20 + 4g h20, s2, 1:1\nbig: 16g/2n h20 + 16g/2n h20, s2, 1:1")
PODS = pods_of(
    """
    chat prefill 1 @ a1.1
    chat decode 1 @ a1.1 terminating
    big prefill#0 1 @ a1.2 a1.3
    big decode#0 1 @ a1.4 a1.5
    stranger 2g @ a1.1
    """,
    SERVICES,
)


def without(gone: Sequence[PodRecord]) -> list[PodRecord]:
    return [pod for pod in PODS if pod not in gone]


def test_pods_that_come_and_go_leave_nothing_behind():
    assert used_by(PODS).with_changes(removed=PODS) == NOTHING_USED


def test_any_part_of_the_pods_may_go():
    for pod in PODS:
        assert used_by(PODS).with_changes(removed=[pod]) == used_by(without([pod]))
    assert used_by(PODS).with_changes(removed=PODS[2:4]) == used_by(without(PODS[2:4]))


def test_a_pod_that_changed_is_counted_as_it_is():
    before, after = PODS[0], PODS[1]
    assert used_by([before]).with_changes(removed=[before], added=[after]) == used_by([after])


def test_a_pod_that_is_not_bound_holds_nothing():
    (waiting,) = pods_of("stranger 2g @ x", SERVICES)
    assert used_by([PodRecord(namespace="n", name="p", requests=waiting.requests)]) == NOTHING_USED


def test_a_change_leaves_the_usage_it_started_from_alone():
    usage = used_by(PODS)
    usage.with_changes(removed=PODS[:3], added=pods_of("chat prefill 1 @ a1.1", SERVICES, first=99))
    assert usage == used_by(PODS)


def test_a_replica_of_several_nodes_may_vanish_as_a_whole():
    usage = used_by(PODS).with_changes(removed=PODS[2:6])
    topology = build(list(nodes_of("z1/a/a1: h20 8x5").values()), {FABRIC.name: FABRIC})
    request = Request(service=SERVICES["big"], in_force=Pair(1, 1), targets=Pair(1, 1))
    planned, _ = plan(topology, usage, [request], NOTHING_REMEMBERED, 0.0)
    assert planned.placed[SERVICES["big"].key].granted == Pair(1, 1)
