"""What labels and resources a node may lack, or share with others, without misleading the planner."""

from __future__ import annotations

from dataclasses import replace

from disaggregated_service.core.deployment_group import Domain, Label
from disaggregated_service.core.topology_labels import TopologyProfile
from tests.prescheduler.cluster_text import FABRIC, S1, S2, ZONE
from tests.prescheduler.world import World, text

CHAT = "chat: 4g h20 + 4g h20, s2, 1:1"
TIGHT = "chat: 4g h20 + 4g h20, s1, 1:1"


def reserved(**fractions: float) -> TopologyProfile:
    return replace(FABRIC, reserve=replace(FABRIC.reserve, **fractions))


def test_two_domains_with_the_same_leaf_label_under_two_spines_are_two():
    world = World(nodes="z1/spine-1/rack-1: h20 8x1\nz1/spine-2/rack-1: h20 8x1", services=TIGHT)
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/spine-1/rack-1 low 1P h20 1D h20
          chat-b z1/spine-2/rack-1 low 1P h20 1D h20
    """)
    assert [group.domain for group in world.groups["chat"]] == [
        Domain((Label(ZONE, "z1"), Label(S2, f"spine-{number}"), Label(S1, "rack-1"))) for number in (1, 2)
    ]


def test_a_pair_is_never_split_over_two_racks_of_one_name():
    pods = "stranger 4g @ rack-1.1 rack-1.2"
    world = World(nodes="z1/spine-1/rack-1: h20 8x1\nz1/spine-2/rack-1: h20 8x1", services=TIGHT, pods=pods)
    assert world.plan("chat 1P 1D").startswith("chat 0P 0D")


def test_a_mixed_rack_does_not_close_a_rack_of_its_name_under_another_spine():
    nodes = "z1/spine-1/rack-1: h20 8x1, l20 8x1\nz1/spine-2/rack-1: h20 8x1"
    world = World(nodes=nodes, services="chat: 4g h20 + 4g h20, s2, low, 1:1")
    assert "chat-a z1/spine-2 low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_a_node_without_an_s1_serves_who_asks_for_s2_only():
    nodes = "z1/a/-: h20 8x1"
    assert "chat-a z1/a low 1P" in World(nodes=nodes, services=CHAT).plan("chat 1P 1D")
    assert "1 unknown_topology" in World(nodes=nodes, services=TIGHT).plan("chat 1P 1D")


def test_an_unlabelled_node_serves_who_asks_for_no_switch():
    world = World(nodes="-/-/-: h20 8x1", services="chat: 4g h20 + 4g h20, cluster, 1:1")
    assert "chat-a cluster low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_a_domain_named_by_fewer_labels_than_another_is_not_trusted():
    # a rule for "spine a" alone would also let pods on the nodes of zone z1's spine a
    world = World(nodes="z1/a/a1: h20 8x1\n-/a/-: h20 8x4", services=CHAT)
    assert world.plan("chat 2P 2D") == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
          refused 4 unknown_topology, 1 too_few_gpus
    """)


def test_a_node_without_rdma_takes_no_replica_and_still_says_what_class_its_domain_has():
    world = World(nodes="z1/a/a1: h20 8x1, l20 8x1 no-rdma\nz1/b/b1: h20 8x2", services=CHAT)
    assert world.plan("chat 3P 3D") == text("""
        chat 3P 3D
          chat-a z1/b low 2P h20 2D h20
          chat-b z1/a/a1 high 1P h20 1D h20
    """)


def test_a_profile_that_asks_for_no_rdma_takes_any_node():
    profile = replace(FABRIC, rdma_resources=())
    world = World(nodes="z1/a/a1: h20 8x1 no-rdma", services=CHAT, profile=profile)
    assert world.plan("chat 1P 1D").startswith("chat 1P 1D")


def test_slices_of_a_gpu_are_of_no_class_unless_a_pattern_names_them():
    nodes = "z1/a/a1: h20-96GB-SHARED 8x2, h20-MIG-1g.12gb 8x2"
    assert World(nodes=nodes, services=CHAT).plan("chat 1P 1D") == "chat 0P 0D\n  refused 4 no_gpu_class"
    classes = dict(FABRIC.classes)
    named = replace(classes["h20"], match=(*classes["h20"].match, "NVIDIA-H20-*-SHARED"))
    profile = replace(FABRIC, classes=tuple({**classes, "h20": named}.items()))
    assert World(nodes=nodes, services=CHAT, profile=profile).plan("chat 1P 1D").startswith("chat 1P 1D")


def test_a_shared_product_neither_mixes_a_domain():
    world = World(nodes="z1/a/a1: h20 8x1, l20-SHARED 8x1", services="chat: 4g h20 + 4g h20, s2, low, 1:1")
    assert "chat-a z1/a low" in world.plan("chat 1P 1D")


def test_a_fraction_of_a_tier_is_never_allotted():
    nodes = "z1/a/a1: h20 8x2, l20 8x2"
    world = World(nodes=nodes, services="chat: 4g l20 + 4g h20, s1, 1:1", profile=reserved(high=0.5))
    assert world.plan("chat 4P 4D") == text("""
        chat 2P 2D
          chat-a z1/a/a1 high 2P l20 2D h20
          refused 4 reserved
    """)


def test_what_others_hold_does_not_shrink_the_reserve():
    nodes = "z1/a/a1: h20 8x2, l20 8x2"
    pods = "stranger 4g @ a1.1 a1.2 a1.3 a1.4"
    world = World(nodes=nodes, services="chat: 4g l20 + 4g h20, s1, 1:1", pods=pods, profile=reserved(high=0.5))
    assert world.plan("chat 1P 1D") == "chat 0P 0D\n  refused 4 reserved"


def test_a_reserve_of_one_tier_leaves_the_others_alone():
    nodes = "z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1, l20 8x1"
    world = World(nodes=nodes, services=CHAT, profile=reserved(high=1.0))
    assert world.plan("chat 2P 2D") == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
          refused 1 reserved, 1 too_few_gpus, 1 wrong_gpu_class
    """)


def test_a_reserve_takes_nothing_from_what_runs():
    pods = "chat prefill 2 @ a1.1\nchat decode 2 @ a1.2"
    world = World(nodes="z1/a/a1: h20 8x2", services=CHAT, pods=pods, profile=reserved(low=0.5))
    assert world.plan("chat 2P 2D -> 2P 2D").startswith("chat 2P 2D")


def test_the_reserve_is_counted_over_the_cycle_not_per_service():
    services = CHAT + ", priority 900\nother: 4g h20 + 4g h20, s2, 1:1"
    world = World(nodes="z1/a/a1: h20 8x2\nz1/b/b1: h20 8x2", services=services, profile=reserved(low=0.5))
    told = world.plan("chat 1P 1D\nother 2P 2D")
    assert "chat 1P 1D" in told
    assert "other 1P 1D" in told
