"""A service that is written anew between two cycles, and profiles that speak for the same nodes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.prescheduler.cluster_text import FABRIC
from tests.prescheduler.world import World, text

RACKS = replace(FABRIC, name="racks", s1=("example/rack",), s2=("example/row",))
ROOT = Path(__file__).resolve().parents[2]


def test_what_is_allotted_and_not_bound_moves_to_the_class_that_is_asked_for_now():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/b/b1: h100 8x2", services="chat: 4g h20 + 4g h20, s2, 1:1")
    assert "z1/a low 1P h20 1D h20" in world.plan("chat 1P 1D")
    world.edit("chat: 4g h100 + 4g h100, s2, 1:1")
    assert world.plan("chat 1P 1D") == text("""
        chat 1P 1D
          chat-b z1/b low 1P h100 1D h100
    """)


def test_what_runs_of_a_class_that_is_no_longer_asked_for_stays_until_it_goes():
    pods = "chat prefill 1 @ a1.1\nchat decode 1 @ a1.1"
    world = World(nodes="z1/a/a1: h20 8x2\nz1/b/b1: h100 8x2", services="chat: 4g h20 + 4g h20, s2, 1:1", pods=pods)
    world.plan("chat 1P 1D -> 1P 1D")
    world.edit("chat: 4g h100 + 4g h100, s2, 1:1")
    assert world.plan("chat 2P 2D") == text("""
        chat 2P 2D
          chat-a z1/a low 1P h20 1D h20
          chat-b z1/b low 1P h100 1D h100
    """)


def test_what_is_allotted_and_not_bound_moves_to_the_affinity_that_is_asked_for_now():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/a/a2: h20 8x1", services="chat: 4g h20 + 4g h20, s2, 1:1")
    assert "chat-a z1/a low 1P" in world.plan("chat 1P 1D")
    world.edit("chat: 4g h20 + 4g h20, s1, 1:1")
    assert "z1/a/a2 low 1P h20 1D h20" in world.plan("chat 1P 1D")


def test_what_is_allotted_and_not_bound_moves_out_of_a_tier_that_is_no_longer_allowed():
    nodes = "z1/a/a1: h20 8x2, l20 8x1\nz1/b/b1: h20 8x1"
    world = World(nodes=nodes, services="chat: 4g h20 + 4g h20, s2, 1:1", pods="stranger 8g @ b1.1")
    assert "z1/a/a1 high 1P" in world.plan("chat 1P 1D")
    world.remove("stranger 8g @ b1.1")
    world.edit("chat: 4g h20 + 4g h20, s2, low, 1:1")
    assert world.plan("chat 1P 1D") == text("""
        chat 1P 1D
          chat-b z1/b low 1P h20 1D h20
    """)


def test_larger_replicas_are_counted_by_their_new_size_until_they_are_bound():
    services = "chat: 4g h20 + 4g h20, s2, 1:1, priority 900\nother: 4g h20 + 4g h20, s2, 1:1"
    world = World(nodes="z1/a/a1: h20 8x2", services=services)
    world.plan("chat 1P 1D")
    world.edit("chat: 8g h20 + 8g h20, s2, 1:1, priority 900")
    assert "other 0P 0D" in world.plan("chat 1P 1D\nother 1P 1D")


def test_two_profiles_over_the_same_nodes_give_no_node_twice():
    nodes = "z1/a/a1: h20 8x1 example/rack=r1 example/row=w1"
    services = "chat: 4g h20 + 4g h20, s2, 1:1, priority 900\nother: 4g h20 + 4g h20, s2, on racks, 1:1"
    world = World(nodes=nodes, services=services, beside=(RACKS,))
    assert world.plan("chat 1P 1D\nother 1P 1D") == text("""
        chat 1P 1D
          chat-a z1/a low 1P h20 1D h20
        other 0P 0D
          refused 1 too_few_gpus
    """)


def test_each_profile_sees_its_own_domains():
    nodes = "z1/a/a1: h20 8x1 example/rack=r1 example/row=w1\nz1/b/b1: l20 8x1 example/rack=r2 example/row=w1"
    services = "chat: 4g h20 + 4g h20, s2, 1:1\nother: 4g h20 + 4g l20, s2, on racks, 1:1"
    world = World(nodes=nodes, services=services, beside=(RACKS,))
    assert world.plan("other 1P 1D") == text("""
        other 1P 1D
          other-a z1/w1 medium 1P h20 1D l20
    """)
    assert world.plan("other 0P 0D\nchat 1P 1D").startswith("chat 0P 0D")
    assert world.plan("chat 1P 1D").startswith("chat 1P 1D\n  chat-a z1/a low")


def test_services_of_different_gpu_resources_do_not_meet():
    amd = replace(FABRIC, name="amd", gpu_resource="amd.com/gpu", classes=())
    services = "chat: 4g h20 + 4g h20, s2, 1:1\nother: 4g + 4g, s2, on amd, 1:1"
    world = World(nodes="z1/a/a1: h20 8x1", services=services, beside=(amd,))
    told = world.plan("other 1P 1D\nchat 1P 1D")
    assert "chat 1P 1D" in told
    assert "other 0P 0D" in told


TWICE = """
from tests.prescheduler.world import World
world = World(
    nodes="\\n".join(f"z1/{s2}/{s2}{leaf}: {c} 8x2" for s2 in "abcdef" for leaf, c in ((1, "h20"), (2, "h100"))),
    services="\\n".join(f"{name}: 4g h20|h100 + 2g h100|h20, {a}, 1:1" for name, a in zip("uvwxyz", ("s1", "s2", "cluster") * 2)),
)
moves = "\\n".join(f"{name} 3P 5D" for name in "uvwxyz")
print(world.plan(moves))
world.drain("a1.1", "b2.1")
print(world.plan(moves.replace("3P", "4P")))
"""


def test_equal_inputs_give_equal_plans_in_another_process():
    told = {
        subprocess.run(
            [sys.executable, "-c", TWICE],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True, timeout=60,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(told) == 1
    assert "granted" not in told
