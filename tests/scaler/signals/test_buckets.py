from math import inf, nan

from scaler.core.observation import Absent, Histogram, Why
from scaler.edge.buckets import histogram, merge, shared


def test_replicas_are_summed_bound_by_bound():
    assert merge([{0.1: 1, inf: 2}, {0.1: 3, inf: 5}]) == {0.1: 4, inf: 7}


def test_only_bounds_that_all_share_are_kept():
    """Two engine versions in one pool: at 0.2 only half of the observations were ever looked at."""
    assert merge([{0.1: 1, 0.2: 2, inf: 2}, {0.1: 3, 0.4: 4, inf: 5}]) == {0.1: 4, inf: 7}


def test_sums_made_elsewhere_lose_the_bounds_that_some_series_lack():
    assert shared({0.1: 4, 0.2: 2, inf: 7}, {0.1: 2, 0.2: 1, inf: 2}) == {0.1: 4, inf: 7}


def test_nothing_merges_to_nothing():
    assert merge([]) == {}
    assert histogram({}) == Absent(Why.NO_SERIES, "no +Inf bucket")


def test_counts_are_made_monotone():
    assert histogram({0.1: 4.0, 0.2: 3.9, inf: 5.0}) == Histogram((0.1, 0.2), (4.0, 4.0), 5.0)


def test_nan_is_no_count():
    read = histogram({0.1: nan, inf: 5.0})
    assert isinstance(read, Absent)
    assert read.why is Why.NOT_A_NUMBER
