"""Replicas of several nodes, and replicas of components: whole nodes under one S1."""

from __future__ import annotations

import pytest

from tests.prescheduler.world import World, text

BIG = "big: 16g/2n h20 + 16g/2n h20, s2, 1:1"
MIXED_SIZES = "big: 16g/2n h20 + 4g h20, s2, 1:1"


def test_a_replica_of_two_nodes_takes_whole_ones_under_one_s1():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2", services=BIG)
    assert world.plan("big 1P 1D") == text("""
        big 1P 1D
          big-a z1/a low 1P h20 1D h20
    """)


@pytest.mark.parametrize(
    ("why", "nodes", "pods"),
    [
        ("three S1s with a node each, one with two", "z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1\nz1/a/a3: h20 8x2", ""),
        ("one of four nodes is nibbled at", "z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2", "stranger 1g @ a1.1"),
        ("a terminating pod is there still", "z1/a/a1: h20 8x4", "stranger 1g @ a1.1 terminating"),
        ("nodes are smaller than its share of one", "z1/a/a1: h20 4x8", ""),
        ("the second replica would lie in another S2", "z1/a/a1: h20 8x2\nz1/b/b1: h20 8x2", ""),
        ("nodes without an S1", "z1/a/-: h20 8x4", ""),
    ],
)
def test_no_replica_is_put_together_of_parts_of_nodes_or_over_two_s1(why: str, nodes: str, pods: str):
    world = World(nodes=nodes, services=BIG, pods=pods)
    assert world.plan("big 1P 1D").startswith("big 0P 0D\n  refused"), why


def test_a_node_is_whole_only_while_nobody_else_is_on_it():
    service = "big: 12g/2n h20 + 8g h20, s2, 1:1"  # six of a node's eight GPUs
    nodes = "z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2"
    assert World(nodes=nodes, services=service).plan("big 1P 1D").startswith("big 1P 1D")
    nibbled = World(nodes=nodes, services=service, pods="stranger 1g @ a1.1 a2.1")
    assert nibbled.plan("big 1P 1D").startswith("big 0P 0D")


def test_a_running_replica_counts_once_all_its_pods_are_bound():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2", services=BIG,
                  pods="big prefill#0 1 @ a1.1 a1.2\nbig decode#0 1 @ a2.1 a2.2")  # fmt: skip
    assert world.plan("big 1P 1D -> 2P 2D").splitlines()[:2] == ["big 1P 1D", "  big-a z1/a low 1P h20 1D h20"]


def test_a_half_bound_replica_keeps_its_place():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2\nz1/b/b1: h20 8x4", services=BIG)
    granted = world.plan("big 1P 1D")
    assert "z1/a" in granted
    world.bind("big prefill#0 1 @ a1.1")
    assert world.plan("big 1P 1D") == granted
    world.bind("big decode#0 1 @ a2.1")
    assert world.plan("big 1P 1D") == granted
    world.bind("big prefill#0 1 @ a1.2\nbig decode#0 1 @ a2.2")
    assert world.plan("big 1P 1D") == granted


def test_what_a_half_bound_replica_still_needs_is_not_free_for_others():
    services = BIG + ", priority 900\nother: 8g h20 + 8g h20, s2, 1:1"
    world = World(nodes="z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2", services=services)
    world.plan("big 1P 1D")
    world.bind("big prefill#0 1 @ a1.1\nbig decode#0 1 @ a2.1")
    assert "other 0P 0D" in world.plan("big 1P 1D\nother 1P 1D")


def test_single_replicas_not_yet_bound_are_charged_whole_nodes_against_replicas_of_several():
    services = "small: 4g h20 + 4g h20, s2, 1:1, priority 900\n" + BIG
    world = World(nodes="z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2\nz1/a/a3: h20 8x2", services=services)
    assert "big 0P 0D" in world.plan("small 1P 1D\nbig 1P 1D")  # the small ones may land under two of the three S1s
    world.bind("small prefill 1 @ a1.1\nsmall decode 1 @ a1.1")
    assert "big 1P 1D" in world.plan("small 1P 1D\nbig 1P 1D")


def test_a_replica_of_several_nodes_beside_one_that_shares_its_node():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/a/a2: h20 8x1", services=MIXED_SIZES)
    assert "big 0P 0D" in world.plan("big 1P 1D")  # the small one may land on a1, and then nothing is whole
    world.add("z1/a/a3: h20 8x2")
    assert "big 1P 1D" in world.plan("big 1P 1D")


MOE = "moe: 8g h20 [attention*2 ffn*2] + 4g h20, s2, 1:1"
NODES = "z1/a/a1: h20 8x2\nz1/a/a2: h20 8x2"


def test_components_of_a_replica_are_counted_as_one_when_all_are_bound():
    pods = "moe prefill/attention#0 2 @ a1.1\nmoe prefill/ffn#0 2 @ a1.1\nmoe decode 1 @ a1.2"
    world = World(nodes=NODES, services=MOE, pods=pods)
    assert world.plan("moe 1P 1D -> 1P 1D") == text("""
        moe 1P 1D
          moe-a z1/a low 1P h20 1D h20
    """)


def test_components_of_unnamed_replicas_make_as_many_replicas_as_the_scarcest_allows():
    pods = "moe prefill/attention 4 @ a1.1\nmoe prefill/ffn 3 @ a1.2\nmoe decode 2 @ a2.1"
    world = World(nodes=NODES, services=MOE, pods=pods)
    assert "moe-a z1/a low 1P h20 1D h20" in world.plan("moe 1P 1D -> 1P 1D")


def test_components_of_one_replica_go_under_one_s1():
    split = "z1/a/a1: h20 4x1\nz1/a/a2: h20 4x1\nz1/a/a3: h20 4x1"
    assert World(nodes=split, services=MOE).plan("moe 1P 1D").startswith("moe 0P 0D\n  refused")
    assert World(nodes=NODES, services=MOE).plan("moe 1P 1D").startswith("moe 1P 1D\n  moe-a z1/a low")


def test_the_pair_of_a_disaggregated_moe_goes_under_one_s2():
    apart = "z1/a/a1: h100 8x4\nz1/b/b1: h20 8x4"
    pair = "moe: 8g h100 [attention*2 ffn*2] + 8g h20 [attention*1 ffn*1], s2, 1:1"
    assert World(nodes=apart, services=pair).plan("moe 1P 1D").startswith("moe 0P 0D")
    together = "z1/a/a1: h100 8x4\nz1/a/a2: h20 8x4"
    assert "moe-a z1/a medium 1P h100 1D h20" in World(nodes=together, services=pair).plan("moe 1P 1D")
