"""What happens when a raise finds no room: wait, provision, degrade."""

from __future__ import annotations

from tests.prescheduler.world import World, text

FULL_AFTER_ONE = "z1/a/a1: h20 8x1"
ONE_RUNS = "chat prefill 1 @ a1.1\nchat decode 1 @ a1.1"
PROVISION = "chat: 4g h20 + 4g h20, s2, provision, 1:1, deadline 600s"


def test_waiting_grants_nothing_and_stands():
    world = World(nodes=FULL_AFTER_ONE, services="chat: 4g h20 + 4g h20, s2, wait, 1:1")
    told = world.plan("chat 3P 3D")
    assert told == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
          refused 1 too_few_gpus
    """)
    assert world.plan("chat 3P 3D", at_s=10_000.0) == told


def test_one_whole_bundle_is_granted_beyond_the_room_so_that_a_node_autoscaler_sees_it():
    world = World(nodes=FULL_AFTER_ONE, services=PROVISION, pods=ONE_RUNS)
    assert world.plan("chat 1P 1D -> 4P 4D") == text("""
        chat 2P 2D
          chat-a z1/a low 2P h20 2D h20
          refused 1 too_few_gpus
    """)


def test_it_is_granted_only_once_all_that_has_room_is_bound():
    """Its pods would compete for the same nodes: two prefill replicas might be bound, and no decode replica."""
    world = World(nodes=FULL_AFTER_ONE, services=PROVISION)
    assert world.plan("chat 4P 4D").startswith("chat 1P 1D")
    world.bind("chat prefill 1 @ a1.1")
    assert world.plan("chat 4P 4D", at_s=15.0).startswith("chat 1P 1D")
    world.bind("chat decode 1 @ a1.1")
    assert world.plan("chat 4P 4D", at_s=30.0).startswith("chat 2P 2D")


def test_nor_does_it_compete_for_what_is_promised_to_others():
    services = PROVISION + "\nother: 4g h20 + 4g h20, s2, 1:1, priority 900"
    world = World(nodes=FULL_AFTER_ONE, services=services)
    assert "chat 0P 0D" in world.plan("other 1P 1D\nchat 1P 1D")
    world.bind(ONE_RUNS.replace("chat", "other"))
    assert "chat 1P 1D" in world.plan("other 1P 1D\nchat 1P 1D", at_s=15.0)


def test_no_second_bundle_is_granted_beyond_the_room_while_the_first_waits():
    world = World(nodes=FULL_AFTER_ONE, services=PROVISION, pods=ONE_RUNS)
    world.plan("chat 1P 1D -> 4P 4D")
    for at_s in (15.0, 300.0, 599.0):
        assert world.plan("chat 4P 4D", at_s=at_s).startswith("chat 2P 2D\n  chat-a z1/a low 2P h20 2D h20")


def test_the_next_one_is_granted_when_that_one_is_bound():
    world = World(nodes=FULL_AFTER_ONE, services=PROVISION, pods=ONE_RUNS)
    world.plan("chat 1P 1D -> 4P 4D")
    world.add("z1/a/a2: h20 8x1")
    assert world.plan("chat 4P 4D", at_s=60.0).startswith("chat 2P 2D")  # it has room now, and is not bound yet
    world.bind("chat prefill 1 @ a2.1\nchat decode 1 @ a2.1")
    assert world.plan("chat 4P 4D", at_s=75.0) == text("""
        chat 3P 3D
          chat-a z1/a low 3P h20 3D h20
          refused 2 too_few_gpus
    """)


def test_it_waits_in_the_domain_that_is_tried_first():
    nodes = "z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1\nz1/b/b2: l20 8x1"
    world = World(nodes=nodes, services=PROVISION, pods="stranger 8g @ a1.1 b1.1")
    assert "chat-a z1/a low 1P h20 1D h20" in world.plan("chat 2P 2D")


def test_after_the_progress_deadline_it_waits_in_the_next_domain():
    nodes = "z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1"
    world = World(nodes=nodes, services=PROVISION, pods="stranger 8g @ a1.1 b1.1")
    assert "chat-a z1/a low 1P h20 1D h20" in world.plan("chat 2P 2D")
    assert "z1/a low 1P h20 1D h20" in world.plan("chat 2P 2D", at_s=599.0)
    moved = world.plan("chat 2P 2D", at_s=600.0)
    assert moved.startswith("chat 1P 1D")
    assert "z1/b low 1P h20 1D h20" in moved
    assert "z1/b low 1P h20 1D h20" in world.plan("chat 2P 2D", at_s=1_199.0)


def test_with_one_domain_only_it_goes_on_waiting_there():
    world = World(nodes=FULL_AFTER_ONE, services=PROVISION, pods="stranger 8g @ a1.1")
    world.plan("chat 2P 2D")
    assert world.plan("chat 2P 2D", at_s=601.0).startswith("chat 1P 1D\n  chat-a z1/a low 1P h20 1D h20")


def test_a_bundle_that_waits_goes_where_room_appears():
    world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1 drained", services=PROVISION, pods=ONE_RUNS)
    assert "z1/a low 2P h20 2D h20" in world.plan("chat 1P 1D -> 2P 2D")
    world.restore("b1.1")
    assert world.plan("chat 2P 2D", at_s=15.0) == text("""
        chat 2P 2D
          chat-a z1/a low 1P h20 1D h20
          chat-b z1/b low 1P h20 1D h20
    """)


def test_a_bundle_that_waits_takes_no_room_from_others():
    services = PROVISION + "\nother: 4g h20 + 4g h20, s2, 1:1, priority 900"
    world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1 drained", services=services, pods=ONE_RUNS)
    world.plan("chat 1P 1D -> 2P 2D")
    world.restore("b1.1")
    assert world.plan("other 1P 1D\nchat 2P 2D", at_s=15.0).startswith("other 1P 1D\n  other-a z1/b low 1P h20 1D h20")


def test_provisioning_never_goes_beyond_the_targets():
    world = World(nodes=FULL_AFTER_ONE, services=PROVISION, pods=ONE_RUNS)
    assert world.plan("chat 1P 1D -> 1P 1D").startswith("chat 1P 1D")
    assert world.plan("chat 2P 2D", at_s=15.0).startswith("chat 2P 2D")
    assert world.plan("chat 2P 2D", at_s=30.0).startswith("chat 2P 2D")
    assert world.plan("chat 2P 2D", at_s=700.0).startswith("chat 2P 2D")


def test_lower_targets_take_the_waiting_bundle_back():
    world = World(nodes=FULL_AFTER_ONE, services=PROVISION, pods=ONE_RUNS)
    world.plan("chat 1P 1D -> 2P 2D")
    assert world.plan("chat 1P 1D", at_s=15.0) == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
    """)
    assert world.memory.provisions == {}


def test_a_bundle_that_is_taken_back_moves_nothing_that_runs():
    nodes = "z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1"
    world = World(nodes=nodes, services=PROVISION, pods=ONE_RUNS + "\nstranger 8g @ b1.1")
    assert world.plan("chat 1P 1D -> 2P 2D").startswith("chat 2P 2D")
    world.remove("stranger 8g @ b1.1")
    assert world.plan("chat 1P 1D", at_s=15.0) == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
    """)


def test_nothing_is_provisioned_above_the_scarcest_tier_that_is_allowed():
    service = "chat: 4g h20 + 4g h20, s2, low, provision, 1:1"
    world = World(nodes="z1/a/a1: h20 8x1\nz1/a/a2: l20 8x1", services=service)
    assert world.plan("chat 1P 1D").startswith("chat 0P 0D\n  refused")


HALVES = "stranger 4g @ a1.1 a2.1"


def test_degrading_takes_the_next_looser_affinity():
    world = World(
        nodes="z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1", services="chat: 4g h20 + 4g h20, s1, degrade, 1:1", pods=HALVES
    )
    assert world.plan("chat 1P 1D") == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
    """)


def test_the_affinity_asked_for_is_tried_first_everywhere():
    nodes = "z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1\nz1/b/b1: h20 8x1"
    world = World(nodes=nodes, services="chat: 4g h20 + 4g h20, s1, degrade, 1:1", pods=HALVES)
    assert "chat-a z1/b/b1 low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_without_degrade_the_affinity_is_kept():
    world = World(nodes="z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1", services="chat: 4g h20 + 4g h20, s1, 1:1", pods=HALVES)
    assert world.plan("chat 1P 1D").startswith("chat 0P 0D")


def test_degrading_never_leads_out_of_one_s2():
    pods = "stranger 4g @ a1.1 b1.1"
    for affinity in ("s1", "s2"):
        service = f"chat: 4g h20 + 4g h20, {affinity}, degrade, 1:1"
        world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1", services=service, pods=pods)
        assert world.plan("chat 1P 1D").startswith("chat 0P 0D\n  refused"), affinity


def test_affinity_cluster_may_lie_over_several_s2():
    pods = "stranger 4g @ a1.1 b1.1"
    world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1", services="chat: 4g h20 + 4g h20, cluster, 1:1", pods=pods)
    assert "chat-a cluster low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_a_degraded_pair_stays_as_it_is_once_it_runs():
    world = World(
        nodes="z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1", services="chat: 4g h20 + 4g h20, s1, degrade, 1:1", pods=HALVES
    )
    granted = world.plan("chat 1P 1D")
    world.bind("chat prefill 1 @ a1.1\nchat decode 1 @ a2.1")
    assert world.plan("chat 1P 1D") == granted
