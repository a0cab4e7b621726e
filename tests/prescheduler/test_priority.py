"""Who is served first, and who gives up what."""

from __future__ import annotations

from tests.prescheduler.world import World, text

TWO = "chat: 4g h20 + 4g h20, s2, 1:1\nother: 4g h20 + 4g h20, s2, 1:1, priority 900"


def test_the_higher_priority_is_served_first_whatever_its_name():
    world = World(nodes="z1/a/a1: h20 8x1", services=TWO)
    assert world.plan("chat 1P 1D\nother 1P 1D") == text("""
        other 1P 1D
          other-a z1/a low 1P h20 1D h20
        chat 0P 0D
          refused 1 too_few_gpus
    """)


def test_a_lower_priority_gets_what_the_higher_one_leaves():
    world = World(nodes="z1/a/a1: h20 8x3", services=TWO)
    assert world.plan("chat 2P 2D\nother 2P 2D") == text("""
        other 2P 2D
          other-a z1/a low 2P h20 2D h20
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
          refused 3 too_few_gpus
    """)


def test_what_runs_of_a_lower_priority_is_not_taken_away():
    world = World(nodes="z1/a/a1: h20 8x1", services=TWO, pods="chat prefill 1 @ a1.1\nchat decode 1 @ a1.1")
    assert world.plan("chat 1P 1D -> 1P 1D\nother 1P 1D") == text("""
        other 0P 0D
          refused 1 too_few_gpus
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
    """)


def test_what_a_decrease_frees_counts_only_when_its_pods_are_gone():
    pods = "chat prefill 2 @ a1.1\nchat decode 2 @ a1.2"
    world = World(nodes="z1/a/a1: h20 8x2", services=TWO, pods=pods)
    refused = "other 0P 0D\n  refused 2 too_few_gpus"
    assert world.plan("chat 2P 2D -> 1P 1D\nother 1P 1D").startswith(refused)
    world.terminate("chat prefill 1 @ a1.1\nchat decode 1 @ a1.2")
    assert world.plan("chat 1P 1D\nother 1P 1D").startswith(refused)
    world.remove("chat prefill 1 @ a1.1 terminating\nchat decode 1 @ a1.2 terminating")
    assert world.plan("chat 1P 1D\nother 1P 1D").startswith("other 1P 1D")


def test_what_a_decrease_frees_of_what_nobody_bound_counts_from_the_next_cycle():
    world = World(nodes="z1/a/a1: h20 8x2", services=TWO)
    world.plan("chat 2P 2D")
    assert world.plan("chat 1P 1D\nother 1P 1D").startswith("other 0P 0D\n  refused 2 too_few_gpus")
    assert world.plan("chat 1P 1D\nother 1P 1D").startswith("other 1P 1D\n  other-a z1/a low 1P h20 1D h20")


THREE_TIERS = """
z1/a/a1: h20 8x2
z1/b/b1: h20 8x2
z1/b/b2: l20 8x1
z1/c/c1: h20 8x2, l20 8x1
"""
EVERYWHERE = """
chat prefill 2 @ a1.1
chat decode 2 @ a1.2
chat prefill 2 @ b1.1
chat decode 2 @ b1.2
chat prefill 2 @ c1.1
chat decode 2 @ c1.2
"""
CHAT = "chat: 4g h20 + 4g h20, s2, 1:1"


def test_the_scarcest_tier_gives_up_first():
    world = World(nodes=THREE_TIERS, services=CHAT, pods=EVERYWHERE)
    world.plan("chat 6P 6D -> 6P 6D")
    assert world.plan("chat 5P 5D") == text("""
        chat 5P 5D
          chat-a z1/a low 2P h20 2D h20
          chat-b z1/b medium 2P h20 2D h20
          chat-c z1/c/c1 high 1P h20 1D h20
    """)
    world.remove("chat prefill 1 @ c1.1\nchat decode 1 @ c1.2")
    assert world.plan("chat 3P 3D") == text("""
        chat 3P 3D
          chat-a z1/a low 2P h20 2D h20
          chat-b z1/b medium 1P h20 1D h20
    """)


def test_a_group_that_shrinks_keeps_its_ratio():
    world = World(nodes="z1/a/a1: h20 8x9\nz1/b/b1: h20 8x9\nz1/b/b2: l20 8x1", services="chat: 4g h20 + 4g h20, s2, 1:3",
                  pods="chat prefill 2 @ b1.1\nchat decode 2 @ b1.2 b1.3 b1.4\nchat prefill 2 @ a1.1\nchat decode 2 @ a1.2 a1.3 a1.4")  # fmt: skip
    assert world.plan("chat 4P 12D -> 3P 9D") == text("""
        chat 3P 9D
          chat-a z1/a low 2P h20 6D h20
          chat-b z1/b medium 1P h20 3D h20
    """)


def test_a_shrink_of_one_role_alone_takes_that_role_from_the_scarcest():
    world = World(nodes=THREE_TIERS, services=CHAT, pods=EVERYWHERE)
    assert world.plan("chat 6P 6D -> 6P 5D") == text("""
        chat 6P 5D
          chat-a z1/a low 2P h20 2D h20
          chat-b z1/b medium 2P h20 2D h20
          chat-c z1/c/c1 high 2P h20 1D h20
    """)


def test_more_running_than_in_force_is_a_shrink_under_way_and_the_last_plan_says_who_goes():
    world = World(nodes=THREE_TIERS, services=CHAT, pods=EVERYWHERE)
    world.plan("chat 6P 6D -> 6P 6D")
    smaller = world.plan("chat 5P 5D")
    assert world.plan("chat 5P 5D") == smaller


def test_a_replica_too_many_goes_where_no_plan_wanted_it():
    pods = "chat prefill 1 @ a1.1 b1.1\nchat decode 1 @ a1.1 b1.1"
    world = World(nodes=THREE_TIERS, services=CHAT, pods=pods)
    planned = world.plan("chat 2P 2D -> 2P 2D")
    world.bind("chat prefill 1 @ a1.2\nchat decode 1 @ a1.2")
    assert world.plan("chat 2P 2D") == planned


def test_a_raise_while_a_shrink_is_under_way_keeps_who_was_to_go():
    world = World(nodes="z1/a/a1: h20 8x2", services=CHAT, pods="chat prefill 2 @ a1.1\nchat decode 2 @ a1.2")
    world.plan("chat 2P 2D -> 2P 2D")
    world.plan("chat 1P 1D")
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 2P h20 2D h20
    """), "its own pods that were to go hold the room that it asks for"
