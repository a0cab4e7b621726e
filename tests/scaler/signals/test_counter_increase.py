import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.core.counter_increase import increase

MINUTE = (0.0, 60.0)


@pytest.mark.parametrize(
    ("samples", "grown"),
    [
        # samples at both ends: nothing to extrapolate
        ([(0, 0), (15, 10), (30, 20), (45, 30), (60, 40)], 40.0),
        # ends within 1.1 spacings: extended to the window
        ([(10, 100), (25, 110), (40, 120), (55, 130)], 40.0),
        # a series that began late is extended by half a spacing to the left only
        ([(30, 100), (45, 110), (60, 120)], 20 * (30 + 7.5) / 30),
        # and no further back than where it was zero
        ([(30, 2), (45, 12), (60, 22)], 20 * (30 + 3) / 30),
        # a reset: what came after it counts from zero
        ([(0, 100), (15, 120), (30, 5), (45, 25), (60, 45)], 20 + 5 + 40),
        # two resets
        ([(0, 10), (20, 1), (40, 3), (60, 2)], 1 + 2 + 2),
        ([(0, 7), (30, 7), (60, 7)], 0.0),
    ],
)
def test_increase_follows_prometheus(samples, grown):
    assert increase(samples, *MINUTE) == pytest.approx(grown)


@pytest.mark.parametrize("samples", [[], [(30.0, 5.0)], [(30.0, 5.0), (30.0, 9.0)]])
def test_one_moment_tells_no_growth(samples):
    assert increase(samples, *MINUTE) is None


def test_nan_stays_visible():
    grown = increase([(0.0, 1.0), (30.0, math.nan), (60.0, math.nan)], *MINUTE)
    assert grown is not None
    assert math.isnan(grown)


@given(
    steps=st.lists(st.floats(0, 1e6), min_size=2, max_size=20),
    reset_at=st.integers(0, 19),
    shift_s=st.integers(-10_000, 10_000),
)
def test_growth_is_never_negative_and_does_not_depend_on_the_clock(steps, reset_at, shift_s):
    samples, value = [], 0.0
    for index, step in enumerate(steps):
        value = step if index == reset_at else value + step
        samples.append((index * 3.0, value))
    grown = increase(samples, 0.0, 60.0)
    shifted = increase([(at_s + shift_s, value) for at_s, value in samples], shift_s, 60.0 + shift_s)
    assert grown is not None
    assert grown >= 0
    assert shifted == pytest.approx(grown)
