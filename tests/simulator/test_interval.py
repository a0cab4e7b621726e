from __future__ import annotations

import pytest

from heteroscale.simulator.interval import Interval, interval_of


def test_ten_values_have_the_interval_of_students_t():
    seen = interval_of([float(value) for value in range(1, 11)])
    assert seen.mean == 5.5
    assert seen.high - seen.mean == pytest.approx(2.262 * 3.02765 / 10**0.5, rel=1e-4)
    assert seen.mean - seen.low == pytest.approx(seen.high - seen.mean)


def test_one_value_has_an_interval_without_width():
    assert interval_of([3.0]) == Interval(3.0, 3.0, 3.0)


def test_many_values_come_near_the_normal_interval():
    seen = interval_of([0.0, 1.0] * 100)
    assert seen.high - seen.mean == pytest.approx(1.96 * 0.50125 / 200**0.5, rel=0.05)


def test_intervals_that_overlap_say_nothing():
    assert not Interval(2.0, 1.0, 3.0).above(Interval(1.0, 0.5, 1.5))
    assert Interval(2.0, 1.6, 2.4).above(Interval(1.0, 0.5, 1.5))


def test_no_value_has_no_interval():
    with pytest.raises(ValueError, match="at least one"):
        interval_of([])
