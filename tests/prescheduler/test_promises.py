"""What is allotted and not yet bound is not free: nobody knows on which of its nodes it will land."""

from __future__ import annotations

import pytest

from tests.prescheduler.world import World, text

TWO = "chat: 4g h20 + 4g h20, s2, 1:1, priority 900\nother: 4g h20 + 4g h20, s2, 1:1"
SIZES = "small: 4g h20 + 4g h20, s2, 1:1, priority 900\nlarge: 8g h20 + 8g h20, s2, 1:1"
LARGE_FIRST = "small: 4g h20 + 4g h20, s2, 1:1\nlarge: 8g h20 + 8g h20, s2, 1:1, priority 900"


def test_what_was_allotted_in_an_earlier_cycle_is_not_free_in_a_later_one():
    world = World(nodes="z1/a/a1: h20 8x2", services=TWO)
    world.plan("chat 2P 2D")
    assert world.plan("chat 2P 2D\nother 1P 1D").endswith("other 0P 0D\n  refused 2 too_few_gpus")


def test_a_promise_is_kept_from_services_of_a_higher_priority_too():
    world = World(nodes="z1/a/a1: h20 8x1", services=TWO)
    world.plan("other 1P 1D")
    assert world.plan("chat 1P 1D\nother 1P 1D").startswith("chat 0P 0D")


def test_a_promise_is_counted_once_when_half_of_it_is_bound():
    world = World(nodes="z1/a/a1: h20 8x3", services=TWO)
    world.plan("chat 2P 2D")
    world.bind("chat prefill 1 @ a1.2\nchat decode 1 @ a1.3")
    assert "other 1P 1D" in world.plan("chat 2P 2D\nother 2P 2D")


def test_replicas_of_another_size_not_yet_bound_are_charged_whole_nodes():
    world = World(nodes="z1/a/a1: h20 8x3", services=SIZES)
    assert "large 0P 0D" in world.plan("small 1P 1D\nlarge 1P 1D")  # they may land on two of the three nodes
    world.bind("small prefill 1 @ a1.2\nsmall decode 1 @ a1.2")
    assert "large 1P 1D" in world.plan("small 1P 1D\nlarge 1P 1D")  # they landed on one


def test_with_a_whole_node_for_each_both_sizes_go_together():
    world = World(nodes="z1/a/a1: h20 8x4", services=SIZES)
    assert world.plan("small 1P 1D\nlarge 1P 1D") == text("""
        small 1P 1D
          small-a z1/a low 1P h20 1D h20
        large 1P 1D
          large-a z1/a low 1P h20 1D h20
    """)


def test_a_small_replica_never_breaks_a_promise_of_whole_nodes():
    world = World(nodes="z1/a/a1: h20 8x3", services=LARGE_FIRST)
    assert "small 0P 0D" in world.plan("large 1P 1D\nsmall 1P 1D")  # one free node and two that might be nibbled at
    world.bind("large prefill 1 @ a1.1\nlarge decode 1 @ a1.3")
    assert "small 1P 1D" in world.plan("large 1P 1D\nsmall 1P 1D")


def test_two_sizes_within_one_service_are_kept_apart_too():
    world = World(nodes="z1/a/a1: h20 8x2", services="chat: 4g h20 + 8g h20, s2, 1:1")
    assert world.plan("chat 1P 1D").startswith("chat 1P 1D")
    assert world.plan("chat 2P 1D").startswith("chat 1P 1D")  # a second small one might dirty the node of the large one


def test_a_promise_weighs_on_every_domain_that_shares_its_nodes():
    services = "wide: 4g h20 + 4g h20, cluster, 1:1, priority 900\nchat: 4g h20 + 4g h20, s1, 1:1"
    world = World(nodes="z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1", services=services)
    assert "chat 0P 0D" in world.plan("wide 1P 1D\nchat 1P 1D")  # wide may land half on a1, half on a2
    world.bind("wide prefill 1 @ a1.1\nwide decode 1 @ a1.1")
    assert "chat 1P 1D\n  chat-a z1/a/a2 low" in world.plan("wide 1P 1D\nchat 1P 1D")


def test_a_promise_whose_nodes_were_drained_moves_to_where_there_is_room():
    world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1", services=TWO)
    assert "chat-a z1/a low 1P" in world.plan("chat 1P 1D")
    world.drain("a1.1")
    assert world.plan("chat 1P 1D") == text("""
        chat 1P 1D
          chat-b z1/b low 1P h20 1D h20
    """)


def test_a_promise_whose_domain_vanished_moves_too():
    world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1", services=TWO)
    world.plan("chat 1P 1D")
    world.vanish("a1.1")
    assert "z1/b low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_a_promise_without_room_anywhere_stays_granted_where_it_was():
    world = World(nodes="z1/a/a1: h20 8x1", services=TWO)
    granted = world.plan("chat 1P 1D")
    world.drain("a1.1")
    assert world.plan("chat 1P 1D") == granted
    world.restore("a1.1")
    assert world.plan("chat 1P 1D\nother 1P 1D").startswith(granted)


def test_replicas_in_force_that_were_never_allotted_get_a_place_before_anything_is_raised():
    world = World(nodes="z1/a/a1: h20 8x2", services="chat: 4g h20 + 4g h20, s2, 1:1")
    assert world.plan("chat 1P 1D -> 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 2P h20 2D h20
    """)


@pytest.mark.parametrize("gone", ["drain", "vanish"])
def test_running_replicas_stay_granted_whatever_happens_to_their_nodes(gone: str):
    pods = "chat prefill 1 @ a1.1\nchat decode 1 @ a1.2"
    world = World(nodes="z1/a/a1: h20 8x2\nz1/b/b1: h20 8x2", services=TWO, pods=pods)
    world.plan("chat 1P 1D -> 1P 1D")
    getattr(world, gone)("a1.1", "a1.2")
    told = world.plan("chat 2P 2D")
    assert told.startswith("chat 2P 2D")
    assert "z1/b low 1P h20 1D h20" in told


def test_a_node_added_in_between_is_used_in_the_next_cycle():
    world = World(nodes="z1/a/a1: h20 8x1", services=TWO)
    assert "refused" in world.plan("chat 2P 2D")
    world.add("z1/a/a2: h20 8x1")
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 2P h20 2D h20
    """)


def test_planning_again_without_a_change_changes_nothing():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/b/b1: h20 8x2\nz1/c/c1: h20 8x2, l20 8x1", services=TWO)
    first = world.plan("chat 3P 3D\nother 2P 2D")
    assert world.plan("chat 3P 3D\nother 2P 2D") == first
