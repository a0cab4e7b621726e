"""Where a bundle goes first: the commonest tier, then home, then preferred classes, the tightest fit, by name."""

from __future__ import annotations

from tests.prescheduler.world import World, text

CHAT = "chat: 4g h20 + 4g h20, s2, 1:1"
AT_HOME_IN_B = "chat prefill 1 @ b1.1\nchat decode 1 @ b1.1"


def test_a_commoner_tier_comes_before_home():
    nodes = "z1/a/a1: h20 8x2\nz1/b/b1: h20 8x2\nz1/b/b2: l20 8x1"
    world = World(nodes=nodes, services=CHAT, pods=AT_HOME_IN_B)
    assert world.plan("chat 1P 1D -> 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 1P h20 1D h20
          chat-b z1/b medium 1P h20 1D h20
    """)


def test_home_comes_before_a_tighter_fit_and_before_an_earlier_name():
    nodes = "z1/a/a1: h20 8x1\nz1/b/b1: h20 8x9\nz1/c/c1: h20 8x1"
    world = World(nodes=nodes, services=CHAT, pods=AT_HOME_IN_B)
    assert world.plan("chat 1P 1D -> 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/b low 2P h20 2D h20
    """)


def test_home_is_also_where_it_was_allotted_and_nothing_runs_yet():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/b/b1: h20 8x3", services=CHAT)
    world.plan("chat 1P 1D")
    world.add("z1/c/c1: h20 8x1")
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 2P h20 2D h20
    """)


def test_the_tightest_fit_comes_before_an_earlier_name():
    world = World(nodes="z1/a/a1: h20 8x3\nz1/b/b1: h20 8x1\nz1/c/c1: h20 8x2", services=CHAT)
    assert "chat-a z1/b low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_a_domain_too_tight_for_the_bundle_is_no_fit():
    world = World(nodes="z1/a/a1: h20 8x3\nz1/b/b1: h20 4x1\nz1/c/c1: h20 8x2", services=CHAT)
    assert "chat-a z1/c low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_equal_domains_are_taken_by_name_from_the_outermost_label_on():
    world = World(nodes="z2/a/a1: h20 8x1\nz1/c/c1: h20 8x1\nz1/b/b1: h20 8x1", services=CHAT)
    assert "chat-a z1/b low" in world.plan("chat 1P 1D")


def test_the_tightest_fit_is_by_what_is_free_now():
    pods = "stranger 8g @ a1.1\nstranger 8g @ a1.2"
    world = World(nodes="z1/b/b1: h20 8x2\nz1/a/a1: h20 8x3", services=CHAT, pods=pods)
    assert "chat-a z1/a low" in world.plan("chat 1P 1D")


EITHER = "chat: 4g h200|h100 + 4g h200|h100, s2, 1:1"


def test_the_preferred_class_comes_before_a_tighter_fit():
    world = World(nodes="z1/a/a1: h100 8x1\nz1/b/b1: h200 8x3", services=EITHER)
    assert "chat-a z1/b low 1P h200 1D h200" in world.plan("chat 1P 1D")


def test_home_comes_before_the_preferred_class():
    world = World(nodes="z1/a/a1: h200 8x1\nz1/b/b1: h100 8x2", services=EITHER, pods=AT_HOME_IN_B)
    assert world.plan("chat 1P 1D -> 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/b low 2P h100 2D h100
    """)


def test_the_next_class_is_taken_when_the_preferred_one_is_full():
    world = World(nodes="z1/a/a1: h100 8x1\nz1/b/b1: h200 8x1", services=EITHER)
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 1P h100 1D h100
          chat-b z1/b low 1P h200 1D h200
    """)


def test_a_commoner_tier_comes_before_the_preferred_class():
    world = World(nodes="z1/a/a1: h100 8x1\nz1/b/b1: h200 8x1\nz1/b/b2: l20 8x1", services=EITHER)
    assert "chat-a z1/a low 1P h100 1D h100" in world.plan("chat 1P 1D")


def test_within_one_domain_the_preferred_class_is_taken_first():
    nodes = "z1/a/a1: h100 8x2\nz1/a/a2: h200 8x2\nz1/a/a3: h20 8x2"
    world = World(nodes=nodes, services="chat: 4g h200|h100 + 4g h20, s2, 1:1")
    assert "chat-a z1/a medium 2P h200 2D h20" in world.plan("chat 2P 2D")


def test_two_classes_of_one_role_in_one_domain_are_two_groups():
    nodes = "z1/a/a1: h100 8x2\nz1/a/a2: h200 8x1\nz1/a/a3: h20 8x4"
    world = World(nodes=nodes, services="chat: 4g h200|h100 + 4g h20, s2, 1:1")
    assert world.plan("chat 4P 4D") == text("""
        chat 4P 4D
          chat-a z1/a medium 2P h200 2D h20
          chat-b z1/a medium 2P h100 2D h20
    """)


def test_a_role_that_names_no_class_takes_any():
    world = World(nodes="z1/a/a1: h100 8x1\nz1/a/a2: h20 8x1", services="chat: 4g + 4g h20, s2, 1:1")
    assert "chat-a z1/a medium 1P any 1D h20" in world.plan("chat 1P 1D")
