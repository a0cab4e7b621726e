"""Figure 3 of the paper: one BigPod of one GPU type, one whose MiniPods differ, one with a MiniPod that is mixed itself."""

from __future__ import annotations

from tests.prescheduler.world import World, text

FIGURE_3 = """
z1/big1/mini1: h20 8x2
z1/big1/mini2: h20 8x2
z1/big2/mini3: h20 8x2
z1/big2/mini4: l20 8x2
z1/big3/mini5: h20 8x1, l20 8x1
z1/big3/mini6: h20 8x2
"""


def test_a_service_of_one_class_gets_the_homogeneous_s2():
    world = World(nodes=FIGURE_3, services="chat: 4g h20 + 4g h20, s2, 1:1")
    assert world.plan("chat 4P 4D") == text("""
        chat 4P 4D
          chat-a z1/big1 low 4P h20 4D h20
    """)


def test_pools_of_two_classes_meet_under_a_heterogeneous_s2():
    world = World(nodes=FIGURE_3, services="chat: 4g l20 + 4g h20, s2, 1:1")
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/big2 medium 2P l20 2D h20
    """)


def test_pools_of_two_classes_under_one_s1_take_the_mixed_s1():
    world = World(nodes=FIGURE_3, services="chat: 4g l20 + 4g h20, s1, 1:1")
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/big3/mini5 high 2P l20 2D h20
    """)


def test_a_full_medium_s2_opens_a_group_in_the_mixed_s1():
    world = World(nodes=FIGURE_3, services="chat: 4g l20 + 4g h20, s2, 1:1")
    assert world.plan("chat 6P 6D") == text("""
        chat 6P 6D
          chat-a z1/big2 medium 4P l20 4D h20
          chat-b z1/big3/mini5 high 2P l20 2D h20
    """)


def test_whoever_may_take_medium_at_most_never_takes_the_mixed_s1():
    world = World(nodes=FIGURE_3, services="chat: 4g l20 + 4g h20, s2, medium, 1:1")
    assert world.plan("chat 6P 6D") == text("""
        chat 4P 4D
          chat-a z1/big2 medium 4P l20 4D h20
          refused 6 other_role_does_not_fit, 4 too_few_gpus, 2 tier_too_scarce
    """)


def test_a_loose_service_leaves_scarce_domains_alone_while_common_ones_have_room():
    world = World(nodes=FIGURE_3, services="loose: 4g h20 + 4g h20, cluster, 1:1\nchat: 4g l20 + 4g h20, s1, 1:1")
    assert world.plan("loose 4P 4D\nchat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/big3/mini5 high 2P l20 2D h20
        loose 4P 4D
          loose-a cluster but big2,big3 low 4P h20 4D h20
    """)


def test_a_service_of_one_class_climbs_to_medium_only_when_low_is_full():
    world = World(nodes=FIGURE_3, services="chat: 4g h20 + 4g h20, s2, 1:1")
    assert world.plan("chat 6P 6D") == text("""
        chat 6P 6D
          chat-a z1/big1 low 4P h20 4D h20
          chat-b z1/big2 medium 2P h20 2D h20
    """)
    assert world.plan("chat 9P 9D") == text("""
        chat 9P 9D
          chat-a z1/big1 low 4P h20 4D h20
          chat-b z1/big2 medium 2P h20 2D h20
          chat-c z1/big3 but mini5 medium 2P h20 2D h20
          chat-d z1/big3/mini5 high 1P h20 1D h20
    """)
