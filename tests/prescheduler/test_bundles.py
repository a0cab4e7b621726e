"""Whole bundles or nothing, and how much of a raise is granted when only some of them find room."""

from __future__ import annotations

import pytest

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import Band
from prescheduler.core.bundle import path
from tests.prescheduler.world import World, text


@pytest.mark.parametrize(
    ("start", "targets", "steps"),
    [
        ((4, 12), (6, 18), [(4, 12), (5, 15), (6, 18)]),
        ((4, 12), (6, 17), [(4, 12), (5, 15), (6, 17)]),
        ((4, 12), (7, 14), [(4, 12), (6, 13), (7, 14)]),
        ((4, 12), (4, 14), [(4, 12), (4, 13), (4, 14)]),
        ((4, 12), (5, 12), [(4, 12), (5, 12)]),
        ((0, 0), (2, 7), [(0, 0), (1, 4), (2, 7)]),
        ((4, 12), (4, 12), [(4, 12)]),
    ],
)
def test_a_raise_is_cut_into_as_many_equal_parts_as_its_smaller_role_rises_by(
    start: tuple[int, int], targets: tuple[int, int], steps: list[tuple[int, int]]
):
    assert path(Pair(*start), Pair(*targets)) == [Pair(*step) for step in steps]


def test_prefill_fits_and_decode_does_not_so_neither_is_granted():
    world = World(nodes="z1/a/a1: h100 8x4\nz1/a/a2: h20 8x1", services="chat: 4g h100 + 4g h20, s2, 1:3")
    assert world.plan("chat 0P 0D -> 1P 3D") == text("""
        chat 0P 0D
          refused 4 other_role_does_not_fit, 1 too_few_gpus
    """)


def test_a_raise_is_granted_as_far_as_whole_bundles_go():
    world = World(nodes="z1/a/a1: h100 8x4\nz1/a/a2: h20 8x4", services="chat: 4g h100 + 4g h20, s2, 1:3")
    assert world.plan("chat 4P 12D") == text("""
        chat 2P 6D
          chat-a z1/a medium 2P h100 6D h20
          refused 4 other_role_does_not_fit, 4 too_few_gpus
    """)


def test_one_bundle_is_never_split_over_two_s2():
    world = World(nodes="z1/a/a1: h20 8x1\nz1/b/b1: h20 8x1", services="chat: 4g h20 + 4g h20, s2, 1:3")
    assert world.plan("chat 1P 3D") == text("""
        chat 0P 0D
          refused 2 other_role_does_not_fit
    """)


def test_bundles_of_one_raise_may_go_to_several_domains():
    world = World(nodes="z1/a/a1: h20 8x2\nz1/b/b1: h20 8x2", services="chat: 4g h20 + 4g h20, s2, 1:3")
    assert world.plan("chat 2P 6D") == text("""
        chat 2P 6D
          chat-a z1/a low 1P h20 3D h20
          chat-b z1/b low 1P h20 3D h20
    """)


def test_a_pair_that_would_leave_the_band_on_the_way_is_not_granted():
    # 2P 5D, 3P 8D (0.375), 4P 10D in a band from 0.4: the room ends after 3P 8D
    world = World(
        nodes="z1/a/a1: h20 4x13", services="chat: 4g h20 + 4g h20, s2, 2:5..1:1",
        pods="chat prefill 1 @ a1.1 a1.2\nchat decode 1 @ a1.3 a1.4 a1.5 a1.6 a1.7",
    )  # fmt: skip
    told = world.plan("chat 2P 5D -> 4P 10D")
    assert told.splitlines()[:2] == ["chat 2P 5D", "  chat-a z1/a low 2P h20 5D h20"]


def test_a_periods_own_band_takes_the_place_of_the_services():
    world = World(
        nodes="z1/a/a1: h20 4x13",
        services="chat: 4g h20 + 4g h20, s2, 2:5..1:1",
        pods="chat prefill 1 @ a1.1 a1.2\nchat decode 1 @ a1.3 a1.4 a1.5 a1.6 a1.7",
    )
    world.bands["chat"] = Band(0.3, 1.0)
    assert world.plan("chat 2P 5D -> 4P 10D").splitlines()[:2] == ["chat 3P 8D", "  chat-a z1/a low 3P h20 8D h20"]


def test_what_a_bundle_that_is_not_granted_would_have_taken_is_free_for_the_next_service():
    world = World(
        nodes="z1/a/a1: h20 4x13",
        services="chat: 4g h20 + 4g h20, s2, 2:5..1:1, priority 900\nother: 4g h20 + 4g h20, s2, 1:1",
        pods="chat prefill 1 @ a1.1 a1.2\nchat decode 1 @ a1.3 a1.4 a1.5 a1.6 a1.7",
    )
    assert "other 3P 3D" in world.plan("chat 2P 5D -> 4P 10D\nother 3P 3D")


def test_a_pair_outside_its_band_is_granted_what_brings_it_nearer():
    # 2P 2D, 3P 7D (0.43), 4P 12D in a band of 0.283 to 0.383: room for one bundle of 1P 5D
    world = World(
        nodes="z1/a/a1: h20 4x12", services="chat: 4g h20 + 4g h20, s2, 1:3",
        pods="chat prefill 1 @ a1.1 a1.2\nchat decode 1 @ a1.3 a1.4",
    )  # fmt: skip
    assert world.plan("chat 2P 2D -> 4P 12D").splitlines()[:2] == [
        "chat 3P 7D",
        "  chat-a z1/a low 3P h20 7D h20",
    ]


def test_all_of_it_is_granted_where_all_fits_whatever_the_band_says():
    world = World(nodes="z1/a/a1: h20 4x12", services="chat: 4g h20 + 4g h20, s2, 1:3")
    assert world.plan("chat 1P 3D -> 4P 4D").startswith("chat 4P 4D")


def test_one_role_alone_rises_in_single_replicas_beside_the_other():
    nodes = "z1/a/a1: h20 8x1\nz1/b/b1: h20 8x2"
    world = World(
        nodes=nodes, services="chat: 4g h20 + 4g h20, s2, 1:3", pods="chat prefill 1 @ b1.1\nchat decode 2 @ b1.2"
    )
    assert world.plan("chat 1P 2D -> 1P 3D") == text("""
        chat 1P 3D
          chat-a z1/b low 1P h20 3D h20
    """)


def test_one_role_alone_is_never_put_where_the_other_is_not():
    nodes = "z1/a/a1: h20 8x4\nz1/b/b1: h20 8x1"
    world = World(
        nodes=nodes, services="chat: 4g h20 + 4g h20, s2, 1:3", pods="chat prefill 1 @ b1.1\nchat decode 1 @ b1.1"
    )
    assert world.plan("chat 1P 1D -> 1P 3D").splitlines()[:2] == ["chat 1P 1D", "  chat-a z1/b low 1P h20 1D h20"]


def test_one_role_falls_while_the_other_rises():
    nodes = "z1/a/a1: h20 8x3"
    pods = "chat prefill 2 @ a1.1\nchat decode 2 @ a1.2"
    world = World(nodes=nodes, services="chat: 4g h20 + 4g h20, s2, 1:6..2:1", pods=pods)
    assert world.plan("chat 2P 2D -> 1P 4D") == text("""
        chat 1P 4D
          chat-a z1/a low 1P h20 4D h20
    """)


def test_a_role_falls_at_once_though_the_other_finds_no_room():
    pods = "chat prefill 2 @ a1.1\nchat decode 2 @ a1.2"
    world = World(nodes="z1/a/a1: h20 8x2", services="chat: 4g h20 + 4g h20, s2, 1:6..2:1", pods=pods)
    assert world.plan("chat 2P 2D -> 1P 4D").startswith("chat 1P 2D\n  chat-a z1/a low 1P h20 2D h20")
