"""One role's needs, and whether they ask for a move."""

from __future__ import annotations

import pytest

from disaggregated_service.core.load_spec import LoadSpec, RoleLoad
from scaler.core.load import AskIn, AskOut, Measured, Missing, NoAsk, ask, measure
from scaler.core.observation import Absent, Coverage, Present, Quiet, Reading, RoleSignals, Why

LOAD = RoleLoad(metric="decodeTps", target_per_replica=1000, capacity_per_replica=2000)


def signals(load: Reading[float], *, ready: int = 10, demand: Reading[float] | None = None) -> RoleSignals:
    return RoleSignals(ready=ready, discovered=ready, load=load, demand=demand)


def present(tps: float, covered: int, ready: int = 10) -> Present[float]:
    return Present(tps, 4, 5.0, Coverage(covered, ready))


@pytest.mark.parametrize(
    ("tps", "covered", "expected", "out", "in_"),
    [
        (8000, 10, 10, 8, 8),
        (4000, 5, 10, 4, 14),  # five silent ones, each perhaps full at twice the target
        (8000, 10, 12, 8, 12),  # two still starting
        (8000, 10, 8, 8, 8),  # more cover than is counted on: nothing is unseen
        (0, 10, 10, 0, 0),
    ],
)
def test_unseen_replicas_are_idle_when_growing_and_full_when_shrinking(
    tps: float, covered: int, expected: int, out: float, in_: float
) -> None:
    found = measure(LOAD, signals(present(tps, covered)), expected=expected)
    assert isinstance(found, Measured)
    assert (found.need_out, found.need_in) == (out, in_)


def test_without_a_capacity_an_unseen_replica_counts_one() -> None:
    load = RoleLoad(metric="decodeTps", target_per_replica=1000)
    found = measure(load, signals(present(4000, 5)), expected=10)
    assert isinstance(found, Measured)
    assert found.need_in == 9


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (Absent(Why.SOURCE_DOWN), Why.SOURCE_DOWN),
        (Quiet(0, 1.0), Why.TOO_FEW_SAMPLES),
        (present(0.0, 0), Why.STALE),
        (present(float("inf"), 10), Why.NOT_A_NUMBER),
        (present(float("nan"), 10), Why.NOT_A_NUMBER),
        (present(-5.0, 10), Why.NOT_A_NUMBER),
    ],
)
def test_an_unknown_load_is_missing_and_never_zero(reading: Reading[float], why: Why) -> None:
    found = measure(LOAD, signals(reading), expected=10)
    assert isinstance(found, Missing)
    assert found.why is why


def test_the_larger_of_demand_and_load_counts() -> None:
    more = measure(LOAD, signals(present(4000, 10), demand=present(9000, 1, 1)), expected=10)
    less = measure(LOAD, signals(present(4000, 10), demand=present(100, 1, 1)), expected=10)
    assert isinstance(more, Measured)
    assert isinstance(less, Measured)
    assert (more.need_out, less.need_out) == (9, 4)


def test_an_absent_demand_is_said() -> None:
    found = measure(LOAD, signals(present(4000, 10), demand=Absent(Why.NO_SERIES)), expected=10)
    assert isinstance(found, Measured)
    assert found.demand_absent


@pytest.mark.parametrize(
    ("tps", "covered", "ready", "expected"),
    [
        (11_000, 10, 10, NoAsk),
        (11_001, 10, 10, AskOut),
        (9_000, 10, 10, NoAsk),
        (8_999, 10, 10, AskIn),
        (6_000, 10, 7, AskIn),
        (6_300, 10, 7, NoAsk),  # fewer are ready than in force, so fewer may be spared
    ],
)
def test_both_thresholds_are_strict(tps: float, covered: int, ready: int, expected: type) -> None:
    found = measure(LOAD, signals(present(tps, covered, ready), ready=ready), expected=10)
    assert isinstance(found, Measured)
    answer = ask(found, LoadSpec(decode=LOAD), in_force=10, spared_from=min(10, ready))
    assert isinstance(answer, expected)


def test_a_shrink_that_silence_forbids_says_so() -> None:
    found = measure(LOAD, signals(present(4000, 8)), expected=10)
    assert isinstance(found, Measured)
    assert ask(found, LoadSpec(decode=LOAD), in_force=10, spared_from=10) == AskIn(8.0)
    found = measure(LOAD, signals(present(5000, 7)), expected=10)
    assert isinstance(found, Measured)
    assert ask(found, LoadSpec(decode=LOAD), in_force=10, spared_from=10) == NoAsk(silent=True)
