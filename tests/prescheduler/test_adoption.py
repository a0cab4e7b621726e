"""Groups are what is there: made anew each cycle from bound pods, whatever an earlier plan said."""

from __future__ import annotations

from tests.prescheduler.world import World, text

CHAT = "chat: 4g h20 + 4g h20, s2, 1:1"
TWO_S2 = """
z1/a/a1: h20 8x2
z1/b/b1: h20 8x2
"""


def test_a_service_found_running_without_a_plan_is_adopted_where_it_runs():
    world = World(nodes=TWO_S2, services=CHAT, pods="chat prefill 1 @ b1.1\nchat decode 1 @ b1.2")
    assert world.plan("chat 1P 1D -> 1P 1D") == text("""
        chat 1P 1D
          chat-a z1/b low 1P h20 1D h20
    """)


def test_a_raise_goes_first_to_where_it_was_found():
    world = World(nodes=TWO_S2, services=CHAT, pods="chat prefill 1 @ b1.1\nchat decode 1 @ b1.2")
    assert world.plan("chat 1P 1D -> 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/b low 2P h20 2D h20
    """)


def test_replicas_on_unlabelled_nodes_are_the_group_unknown_and_raises_go_where_labels_are():
    nodes = TWO_S2 + "-/-/-: h20 8x2"
    world = World(nodes=nodes, services=CHAT, pods="chat prefill 2 @ bare.1\nchat decode 1 @ bare.2")
    assert world.plan("chat 2P 1D -> 3P 2D") == text("""
        chat 3P 2D
          chat-a z1/a low 1P h20 1D h20
          unknown 2P h20 1D h20
    """)


def test_one_role_alone_never_rises_beside_replicas_that_no_rule_reaches():
    nodes = "z1/a/a1: h20 8x2\n-/-/-: h20 8x2"
    world = World(nodes=nodes, services=CHAT, pods="chat prefill 1 @ bare.1\nchat decode 1 @ bare.1")
    assert world.plan("chat 1P 1D -> 1P 2D") == text("""
        chat 1P 1D
          unknown 1P h20 1D h20
          refused 2 other_role_does_not_fit, 2 unknown_topology
    """)


def test_replicas_on_a_node_that_nobody_knows_are_the_group_unknown():
    world = World(nodes=TWO_S2, services=CHAT, pods="chat prefill 1 @ gone.1\nchat decode 1 @ gone.1")
    assert world.plan("chat 1P 1D -> 1P 1D") == text("""
        chat 1P 1D
          unknown 1P any 1D any
    """)


def test_an_adopted_group_may_lack_a_role():
    world = World(nodes=TWO_S2, services=CHAT, pods="chat prefill 2 @ a1.1\nchat decode 2 @ b1.1")
    assert world.plan("chat 2P 2D -> 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 2P h20
          chat-b z1/b low 2D h20
    """)


def test_a_pod_that_landed_elsewhere_than_planned_counts_where_it_is():
    world = World(nodes=TWO_S2, services=CHAT)
    world.plan("chat 1P 1D")
    world.bind("chat prefill 1 @ b1.1\nchat decode 1 @ a1.1")
    assert world.plan("chat 1P 1D") == text("""
        chat 1P 1D
          chat-a z1/a low 1D h20
          chat-b z1/b low 1P h20
    """)


def test_what_is_not_bound_yet_stays_where_it_was_allotted():
    world = World(nodes=TWO_S2, services=CHAT)
    granted = world.plan("chat 2P 2D")
    world.bind("chat prefill 1 @ a1.2")
    assert world.plan("chat 2P 2D") == granted


def test_a_terminating_replica_is_none_any_more_and_still_holds_its_gpus():
    world = World(nodes="z1/a/a1: h20 8x1", services=CHAT, pods="chat prefill 2 @ a1.1 terminating")
    assert world.plan("chat 0P 0D -> 1P 1D") == text("""
        chat 0P 0D
          refused 1 too_few_gpus
    """)


def test_terminating_replicas_are_replaced_elsewhere():
    pods = "chat prefill 1 @ a1.1 terminating\nchat decode 1 @ a1.1 terminating"
    world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1", services=CHAT, pods=pods)
    assert world.plan("chat 1P 1D -> 1P 1D") == text("""
        chat 1P 1D
          chat-a z1/b low 1P h20 1D h20
    """)


def test_terminating_replicas_do_not_stay_for_a_raise():
    pods = "chat prefill 2 @ a1.1\nchat decode 2 @ a1.2"
    world = World(nodes="z1/a/a1: h20 8x2", services=CHAT, pods=pods)
    world.plan("chat 2P 2D -> 1P 1D")
    world.terminate("chat prefill 1 @ a1.1\nchat decode 1 @ a1.2")
    assert world.plan("chat 2P 2D") == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
          refused 2 too_few_gpus
    """)


def test_relabelled_nodes_take_their_replicas_along():
    world = World(nodes=TWO_S2, services=CHAT, pods="chat prefill 1 @ a1.1\nchat decode 1 @ a1.1")
    world.plan("chat 1P 1D -> 1P 1D")
    world.relabel("a1.1", s2="b", s1="b1")
    assert world.plan("chat 1P 1D") == text("""
        chat 1P 1D
          chat-b z1/b low 1P h20 1D h20
    """)


def test_a_node_that_lost_its_labels_lowers_nothing():
    world = World(nodes=TWO_S2, services=CHAT, pods="chat prefill 1 @ a1.1\nchat decode 1 @ a1.1")
    world.plan("chat 1P 1D -> 1P 1D")
    world.relabel("a1.1", s2=None, s1=None)
    assert world.plan("chat 1P 1D") == text("""
        chat 1P 1D
          unknown 1P h20 1D h20
    """)


def test_a_group_keeps_its_name_while_it_grows_and_others_open():
    world = World(nodes=TWO_S2, services=CHAT)
    assert "chat-a z1/a low 1P" in world.plan("chat 1P 1D")
    grown = world.plan("chat 4P 4D")
    assert grown == text("""
        chat 4P 4D
          chat-a z1/a low 2P h20 2D h20
          chat-b z1/b low 2P h20 2D h20
    """)
    world.bind("chat prefill 2 @ b1.1\nchat decode 2 @ b1.2")
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-b z1/b low 2P h20 2D h20
    """), "what runs is a fact; what nobody has created is not"
