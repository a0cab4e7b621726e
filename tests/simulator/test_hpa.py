"""Expectations are the tables of Kubernetes' own arithmetic from 1.33 on."""

import pytest

from heteroscale.simulator.hpa import HpaSpec, average_value_replicas, desired_replicas, quantity_milli

EXACT = HpaSpec(min_replicas=1, max_replicas=200)
DEFAULT = HpaSpec(min_replicas=1, max_replicas=200, tolerance_up=0.1, tolerance_down=0.1)


def after_sync(spec: HpaSpec, now: int, wish: int) -> int:
    return desired_replicas(spec, spec_replicas=now, status_replicas=now, values_milli=[wish * 1000], target_milli=1000)


def test_without_tolerance_every_wish_is_obeyed_from_every_count():
    assert all(after_sync(EXACT, now, wish) == wish for now in range(1, 200) for wish in range(1, 200))


@pytest.mark.parametrize(
    ("now", "swallowed", "obeyed"),
    [(9, 9, 10), (10, 11, 12), (19, 20, 21), (20, 22, 23), (29, 31, 32), (30, 33, 34), (64, 70, 71), (100, 110, 111)],
)
def test_the_default_tolerance_swallows_small_raises(now: int, swallowed: int, obeyed: int):
    assert after_sync(DEFAULT, now, swallowed) == now
    assert after_sync(DEFAULT, now, obeyed) == obeyed


@pytest.mark.parametrize(("now", "swallowed", "obeyed"), [(10, 9, 8), (20, 18, 17), (100, 90, 89)])
def test_the_default_tolerance_swallows_small_cuts(now: int, swallowed: int, obeyed: int):
    assert after_sync(DEFAULT, now, swallowed) == now
    assert after_sync(DEFAULT, now, obeyed) == obeyed


def test_within_tolerance_surge_pods_become_wished_replicas():
    assert average_value_replicas(DEFAULT, 22, 20_000, 1000) == 22
    assert average_value_replicas(EXACT, 22, 20_000, 1000) == 20


def test_a_status_of_no_replicas_is_never_within_tolerance():
    assert average_value_replicas(DEFAULT, 0, 3000, 1000) == 3


def test_a_fraction_of_a_replica_is_rounded_up():
    assert average_value_replicas(EXACT, 5, 2001, 1000) == 3


@pytest.mark.parametrize(
    ("replicas", "values", "expected"),
    [
        (5, None, 5),  # no metric: frozen
        (5, [], 5),
        (1, None, 2),  # outside the bounds: clamped, metric or not
        (50, None, 10),
        (50, [3000], 10),
        (5, [50_000], 10),
        (5, [0], 2),
        (5, [2000, 4000], 6),  # summed
        (0, [4000], 0),  # zero belongs to KEDA
    ],
)
def test_bounds_and_missing_metrics(replicas: int, values: list[int] | None, expected: int):
    spec = HpaSpec(min_replicas=2, max_replicas=10)
    got = desired_replicas(
        spec, spec_replicas=replicas, status_replicas=replicas, values_milli=values, target_milli=1000
    )
    assert got == expected


def test_a_target_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="positive"):
        desired_replicas(EXACT, spec_replicas=1, status_replicas=1, values_milli=[1], target_milli=0)


@pytest.mark.parametrize(
    ("value", "milli"),
    [
        (3.0, 3000),
        (32.3, 32_300),
        (2.01, 2010),
        (0.0004, 0),
        (0.0006, 1),
        (-1.0, 0),
        (float("nan"), 0),
        (float("inf"), 0),
    ],
)
def test_a_float_becomes_the_nearest_milli(value: float, milli: int):
    assert quantity_milli(value) == milli
