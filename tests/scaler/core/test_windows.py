"""The two memories of the past: the largest need, and the ready counts."""

from __future__ import annotations

import pytest

from disaggregated_service.core.pair import Pair
from scaler.core.need_window import EMPTY, NeedWindow, watch
from scaler.core.ready_history import NOTHING_SEEN, ReadyRuns, seen
from scaler.core.starting import StartingReplicas, starting_now

UNIT = (1000.0, 2.0)


def watched(*samples: tuple[float, float], span_s: float = 60, bridge_s: float = 45) -> NeedWindow:
    window = EMPTY
    for now_s, need in samples:
        window = watch(window, need=need, unit=UNIT, now_s=now_s, span_s=span_s, bridge_s=bridge_s)
    return window


def test_the_largest_need_is_that_of_the_span_and_no_longer() -> None:
    window = watched((0, 9), (15, 5), (30, 7), (45, 6), (60, 3))
    assert window.largest == 9
    assert watch(window, need=3, unit=UNIT, now_s=75, span_s=60, bridge_s=45).largest == 7


@pytest.mark.parametrize(("now_s", "full"), [(59, False), (60, True)])
def test_a_window_is_full_when_it_was_watched_all_along(now_s: float, full: bool) -> None:
    assert watched((0, 1), (30, 1), (now_s, 1)).is_full(now_s=now_s, span_s=60) is full


@pytest.mark.parametrize(("gap_s", "since_s"), [(45, 0), (46, 46)])
def test_a_gap_is_bridged_up_to_its_limit(gap_s: float, since_s: float) -> None:
    assert watched((0, 1), (gap_s, 1)).since_s == since_s


def test_a_changed_target_starts_the_window_anew() -> None:
    window = watch(watched((0, 9)), need=1, unit=(2000.0, 2.0), now_s=15, span_s=60, bridge_s=45)
    assert (window.largest, window.since_s) == (1, 15)


def test_a_clock_that_goes_back_starts_the_window_anew() -> None:
    assert watched((100, 9), (50, 1)).largest == 1


def test_an_empty_window_is_never_full() -> None:
    assert not EMPTY.is_full(now_s=1e9, span_s=0)


def ready(*counts: tuple[float, int, int], span_s: float = 60) -> ReadyRuns:
    history = NOTHING_SEEN
    for now_s, prefill, decode in counts:
        history = seen(history, ready=Pair(prefill, decode), now_s=now_s, span_s=span_s)
    return history


def test_a_reading_was_produced_by_the_smallest_count_of_its_window() -> None:
    history = ready((0, 3, 9), (15, 4, 9), (30, 4, 11))
    assert history.smallest(now_s=30, span_s=60) == Pair(3, 9)
    assert history.smallest(now_s=74, span_s=60) == Pair(3, 9)
    assert history.smallest(now_s=75, span_s=60) == Pair(4, 9)
    assert history.smallest(now_s=90, span_s=60) == Pair(4, 11)


def test_a_steady_pool_leaves_its_history_unchanged() -> None:
    history = ready((0, 3, 9))
    assert seen(history, ready=Pair(3, 9), now_s=500, span_s=60) is history


def test_a_role_that_has_lost_everything_is_seen_as_none() -> None:
    assert ready((0, 3, 9), (15, 0, 9)).smallest(now_s=15, span_s=60) == Pair(0, 9)


def test_replicas_are_stuck_only_after_their_own_deadline() -> None:
    starting = starting_now(StartingReplicas(), in_force=6, ready=4, now_s=0)
    starting = starting_now(starting, in_force=9, ready=4, now_s=100)
    assert starting.stuck(now_s=60, deadline_s=60) == 0
    assert starting.stuck(now_s=61, deadline_s=60) == 2
    assert starting.stuck(now_s=161, deadline_s=60) == 5


def test_the_oldest_are_taken_to_become_ready_first() -> None:
    starting = starting_now(StartingReplicas(), in_force=6, ready=4, now_s=0)
    starting = starting_now(starting, in_force=9, ready=4, now_s=100)
    starting = starting_now(starting, in_force=9, ready=7, now_s=110)
    assert starting.cohorts == ((100, 2),)


def test_more_ready_than_in_force_is_nobody_starting() -> None:
    assert starting_now(StartingReplicas(((0.0, 2),)), in_force=3, ready=5, now_s=9).count == 0
