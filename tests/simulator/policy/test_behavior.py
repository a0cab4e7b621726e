from __future__ import annotations

import pytest

from heteroscale.simulator.policy.behavior import Behavior, Stabilised


def settle(stabilised: Stabilised, proposal: int, current: int, now_s: float, most: int = 1000) -> int:
    return stabilised.settle(proposal, current=current, now_s=now_s, least=1, most=most)


@pytest.mark.parametrize(("current", "proposal", "expected"), [(1, 100, 5), (4, 100, 8), (10, 100, 20), (10, 12, 12)])
def test_upwards_four_pods_or_twice_as_many_whichever_is_more(current, proposal, expected):
    assert settle(Stabilised(Behavior()), proposal, current, 0.0) == expected


def test_a_lower_proposal_waits_until_no_higher_one_is_younger_than_the_window():
    stabilised = Stabilised(Behavior(down_window_s=300.0))
    assert settle(stabilised, 10, 10, 0.0) == 10
    assert settle(stabilised, 4, 10, 15.0) == 10
    assert settle(stabilised, 4, 10, 300.0) == 10
    assert settle(stabilised, 4, 10, 315.0) == 4


def test_a_controller_that_has_just_begun_takes_the_size_that_it_finds_for_its_first_proposal():
    assert settle(Stabilised(Behavior()), 2, 10, 0.0) == 10


def test_bounds_hold_whatever_is_proposed():
    assert settle(Stabilised(Behavior(down_window_s=0.0)), 0, 3, 0.0) == 3
    stabilised = Stabilised(Behavior(down_window_s=0.0))
    settle(stabilised, 3, 3, 0.0)
    assert settle(stabilised, 0, 3, 15.0) == 1
    assert settle(Stabilised(Behavior()), 100, 10, 0.0, most=12) == 12


def test_an_upward_window_takes_the_lowest_of_its_proposals():
    stabilised = Stabilised(Behavior(up_window_s=60.0))
    assert settle(stabilised, 20, 10, 0.0) == 10
    assert settle(stabilised, 15, 10, 75.0) == 15
