"""What makes a domain low, medium or high, and what does not."""

from __future__ import annotations

import pytest

from prescheduler.core.tier_memory import REMEMBERED_S
from tests.prescheduler.world import World, text


@pytest.mark.parametrize(
    ("why", "nodes", "affinity", "expected"),
    [
        ("an S2 of one class", "z1/a/a1: h20 8x1\nz1/a/a2: h20 8x1", "s2", "z1/a low"),
        ("an S2 of two, each S1 of one", "z1/a/a1: h20 8x1\nz1/a/a2: l20 8x1", "s2", "z1/a medium"),
        ("a mixed S1", "z1/a/a1: h20 8x1, l20 8x1", "s2", "z1/a/a1 high"),
        ("an S2 less its mixed S1", "z1/a/a1: h20 4x1, l20 8x1\nz1/a/a2: h20 8x1", "s2", "z1/a but a1 medium"),
        ("an S1 of an S2 of one class", "z1/a/a1: h20 8x1\nz1/a/a2: h20 4x1", "s1", "z1/a/a1 low"),
        ("an S1 of one class in a mixed S2", "z1/a/a1: h20 8x1\nz1/a/a2: l20 8x1", "s1", "z1/a/a1 medium"),
        ("a mixed S1, asked for as such", "z1/a/a1: h20 8x1, l20 8x1", "s1", "z1/a/a1 high"),
        ("nodes of no class mix nothing", "z1/a/a1: h20 8x1, Tesla-T4 8x1", "s2", "z1/a low"),
        ("two products of one class", "z1/a/a1: h20-96gb 8x1, h20-141gb 8x1", "s2", "z1/a low"),
        ("two S2s of one name in two zones", "z1/a/a1: h20 8x1\nz2/a/a1: l20 8x1", "s2", "z1/a low"),
    ],
)
def test_the_tier_is_what_gpu_classes_its_members_have(why: str, nodes: str, affinity: str, expected: str):
    world = World(nodes=nodes, services=f"chat: 4g h20 + 4g h20, {affinity}, 1:1")
    assert world.plan("chat 1P 1D") == f"chat 1P 1D\n  chat-a {expected} 1P h20 1D h20", why


MIXED_BESIDE_FULL = """
z1/a/a1: h20 8x2, l20 8x1
z1/a/a2: h20 8x2
z1/b/b1: h20 8x1
"""
CHAT = "chat: 4g h20 + 4g h20, s2, low, 1:1"
NO_ROOM = text("""
    chat 1P 1D
      chat-a z1/b low 1P h20 1D h20
      refused 4 tier_too_scarce, 1 too_few_gpus
""")


def test_a_drained_node_still_makes_its_domain_mixed():
    world = World(nodes=MIXED_BESIDE_FULL, services=CHAT)
    world.plan("chat 1P 1D")
    world.drain("a1.3")
    assert world.plan("chat 2P 2D", at_s=15.0) == text("""
        chat 1P 1D
          chat-a z1/b low 1P h20 1D h20
          refused 4 tier_too_scarce, 1 not_placeable, 1 too_few_gpus
    """)


def test_a_node_that_vanished_is_remembered_for_a_while():
    world = World(nodes=MIXED_BESIDE_FULL, services=CHAT)
    world.plan("chat 1P 1D", at_s=100.0)
    world.vanish("a1.3")
    assert world.plan("chat 2P 2D", at_s=115.0) == NO_ROOM
    assert world.plan("chat 2P 2D", at_s=100.0 + REMEMBERED_S) == NO_ROOM


def test_a_class_that_stays_away_is_forgotten():
    world = World(nodes=MIXED_BESIDE_FULL, services=CHAT)
    world.plan("chat 1P 1D", at_s=100.0)
    world.vanish("a1.3")
    assert world.plan("chat 2P 2D", at_s=101.0 + REMEMBERED_S) == text("""
        chat 2P 2D
          chat-b z1/a low 1P h20 1D h20
          chat-a z1/b low 1P h20 1D h20
    """)


def test_a_new_class_scares_off_at_once():
    world = World(nodes="z1/a/a1: h20 8x2", services=CHAT)
    world.plan("chat 1P 1D")
    world.add("z1/a/a2: l20 8x1")
    assert world.plan("chat 2P 2D", at_s=15.0) == text("""
        chat 1P 1D
          chat-a z1/a medium 1P h20 1D h20
          refused 2 tier_too_scarce, 1 wrong_gpu_class
    """)
