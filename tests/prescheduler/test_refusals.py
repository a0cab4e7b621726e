"""Every reason why a node could take no part of a raise, counted in nodes. Each node counts once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.prescheduler.cluster_text import FABRIC
from tests.prescheduler.world import World

CHAT = "chat: 4g h20 + 4g h20, s2, 1:1"
PAIR = "chat: 4g h100 + 4g h20, s2, 1:1"
LOW = "chat: 4g h20 + 4g h20, s2, low, 1:1"
WHOLE = "chat: 16g/2n h20 + 16g/2n h20, s2, 1:1"
TIGHT = "chat: 4g h20 + 4g h20, s1, 1:1"


@pytest.mark.parametrize(
    ("refused", "service", "nodes", "pods"),
    [
        ("3 not_placeable", CHAT, "z1/a/a1: h20 8x3 drained", ""),
        ("2 no_gpu_class", CHAT, "z1/a/a1: Tesla-T4 8x2", ""),
        ("2 no_gpu_class", CHAT, "z1/a/a1: h20-SHARED 8x1, h20-96gb-MIG-1g.12gb 56x1", ""),
        ("2 wrong_gpu_class", CHAT, "z1/a/a1: l20 8x2", ""),
        ("2 no_rdma", CHAT, "z1/a/a1: h20 8x2 no-rdma", ""),
        ("2 unknown_topology", CHAT, "z1/-/-: h20 8x1\n-/-/-: h20 8x1", ""),
        ("2 unknown_topology", TIGHT, "z1/a/-: h20 8x2", ""),
        ("2 too_few_gpus", CHAT, "z1/a/a1: h20 8x2", "stranger 5g @ a1.1\nstranger 8g @ a1.2"),
        ("2 too_few_gpus", CHAT, "z1/a/a1: h20 2x2", ""),
        ("1 too_few_gpus", CHAT, "z1/a/a1: h20 8x1", "chat decode 2 @ a1.1 terminating"),
        ("4 no_whole_node", WHOLE, "z1/a/a1: h20 8x4", "stranger 1g @ a1.1 a1.2 a1.3 a1.4"),
        ("3 no_whole_node", WHOLE, "z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1\nz1/a/a3: h20 8x1", ""),
        ("2 tier_too_scarce, 1 wrong_gpu_class", LOW, "z1/a/a1: h20 8x2\nz1/a/a2: l20 8x1", ""),
        ("3 other_role_does_not_fit", PAIR, "z1/a/a1: h100 8x3", ""),
        ("3 other_role_does_not_fit, 1 too_few_gpus", PAIR, "z1/a/a1: h100 8x1, h20 8x3", "stranger 8g @ a1.1"),
        ("2 not_placeable, 1 no_gpu_class, 1 no_rdma", CHAT,
         "z1/a/a1: h20 8x1 drained, Tesla-T4 8x1 drained, Tesla-T4 8x1 no-rdma, h20 8x1 no-rdma", ""),
    ],
)  # fmt: skip
def test_a_refusal_counts_the_nodes_that_failed_for_each_reason(refused: str, service: str, nodes: str, pods: str):
    world = World(nodes=nodes, services=service, pods=pods)
    assert world.plan("chat 0P 0D -> 1P 1D") == f"chat 0P 0D\n  refused {refused}"


def test_nodes_of_a_reserved_tier_are_refused_as_such():
    profile = replace(FABRIC, reserve=replace(FABRIC.reserve, low=0.5))
    world = World(nodes="z1/a/a1: h20 8x2", services=CHAT, profile=profile)
    assert world.plan("chat 2P 2D") == "chat 1P 1D\n  chat-a z1/a low 1P h20 1D h20\n  refused 2 reserved"


def test_nodes_that_the_profile_does_not_speak_for_are_not_counted():
    profile = replace(FABRIC, node_selector=(("pool", "serving"),))
    nodes = "z1/a/a1: h20 8x1 pool=serving, h20 8x3 pool=training, h20 8x1"
    world = World(nodes=nodes, services=CHAT, profile=profile)
    assert world.plan("chat 2P 2D") == "chat 1P 1D\n  chat-a z1/a low 1P h20 1D h20\n  refused 1 too_few_gpus"


def test_what_is_promised_to_others_is_not_free():
    world = World(nodes="z1/a/a1: h20 8x1", services=CHAT + ", priority 9\nother: 4g h20 + 4g h20, s2, 1:1")
    assert world.plan("chat 1P 1D\nother 1P 1D") == (
        "other 1P 1D\n  other-a z1/a low 1P h20 1D h20\nchat 0P 0D\n  refused 1 too_few_gpus"
    )


def test_nothing_is_refused_where_all_was_granted():
    world = World(nodes="z1/a/a1: h20 8x1, Tesla-T4 8x1\nz1/b/b1: h20 8x1 drained", services=CHAT)
    assert "refused" not in world.plan("chat 1P 1D")


def test_without_any_node_a_raise_waits_and_what_is_in_force_stays():
    world = World(nodes="", services=CHAT)
    assert world.plan("chat 2P 2D -> 4P 4D").splitlines()[0] == "chat 2P 2D"


def test_a_service_whose_profile_is_not_known_keeps_what_it_has():
    world = World(nodes="z1/a/a1: h20 8x1", services=CHAT, profile=replace(FABRIC, name="another"))
    assert world.plan("chat 2P 2D -> 4P 4D") == "chat 2P 2D\n  refused 1 unknown_topology"
    assert world.plan("chat 1P 1D") == "chat 1P 1D"


def test_a_service_without_placement_is_granted_everything():
    world = World(nodes="z1/a/a1: h20 8x1", services="chat: 4g + 4g, 1:1")
    assert world.plan("chat 8P 8D") == "chat 8P 8D"


def test_pods_of_a_service_without_placement_hold_gpus_all_the_same():
    services = "free: 4g + 4g, 1:1, priority 900\n" + CHAT
    world = World(nodes="z1/a/a1: h20 8x1", services=services, pods="free prefill 1 @ a1.1\nfree decode 1 @ a1.1")
    assert world.plan("free 1P 1D -> 1P 1D\nchat 1P 1D") == "free 1P 1D\nchat 0P 0D\n  refused 1 too_few_gpus"
