"""Replicas of several pods: components, and nodes that follow a leader."""

from __future__ import annotations

import pytest

from disaggregated_service.core.pair import Pair, Role, ServiceKey
from placement_webhook.core.bundle_room import Room, Waiting
from placement_webhook.core.view import Slot

KEY = ServiceKey("llm", "chat")
PREFILL: Slot = (KEY, Role.PREFILL, "")
ATTENTION: Slot = (KEY, Role.DECODE, "attention")
EXPERTS: Slot = (KEY, Role.DECODE, "experts")
EACH = {PREFILL: 2, ATTENTION: 1, EXPERTS: 3}  # pods in a replica


def waiting(slot: Slot, count: int, pods: int = 1) -> list[Waiting]:
    return [Waiting(uid=f"{slot[1]}{slot[2]}{n}", slot=slot, pods=pods, terms={"a": []}) for n in range(count)]


def room(prefill: int = 0, attention: int = 0, experts: int = 0) -> Room:
    there = {PREFILL: prefill, ATTENTION: attention, EXPERTS: experts}
    return Room(name="a", each=EACH, there=there, wanted=Pair(2, 2))


@pytest.mark.parametrize(
    ("there", "come", "whole", "half"),
    [
        ((0, 0, 0), (2, 1, 3), 6, 0),  # one replica of each
        ((0, 0, 0), (2, 1, 2), 0, 5),  # an expert is missing: nobody goes
        ((0, 0, 0), (4, 2, 5), 6, 5),  # one bundle is whole, the other is not
        ((2, 1, 2), (0, 0, 1), 1, 0),  # what completes a replica goes alone where its other half is there
        ((4, 2, 6), (1, 1, 1), 0, 0),  # nothing lacks
    ],
)
def test_a_replica_counts_when_all_its_pods_are_there(
    there: tuple[int, int, int], come: tuple[int, int, int], whole: int, half: int
) -> None:
    pods = [pod for slot, count in zip(EACH, come, strict=True) for pod in waiting(slot, count)]
    found = room(*there).filled(pods)
    assert (len(found[0]), len(found[1])) == (whole, half)


def test_a_leader_stands_for_the_workers_that_follow_it() -> None:
    pods = [*waiting(PREFILL, 3, pods=2), *waiting(ATTENTION, 2), *waiting(EXPERTS, 6)]
    whole, half = room().filled(pods)
    assert {uid for uid in whole if uid.startswith("prefill")} == {"prefill0", "prefill1"}
    assert not half
