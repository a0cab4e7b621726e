import random

import pytest

from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, BucketCounts


def test_a_value_on_a_bound_lies_below_it_as_prometheus_has_it():
    histogram = BucketCounts((1.0, 2.0))
    for value in (1.0, 1.1, 2.0, 2.1):
        histogram.observe(value)
    assert histogram.counts == [1, 2, 1]


@pytest.mark.parametrize("seed", range(20))
def test_a_run_is_counted_as_its_values_one_by_one(seed: int):
    generator = random.Random(seed)
    first, growth = generator.uniform(0.005, 0.03), generator.choice((0.0, 1e-6, 1e-4, 0.003))
    length, times = generator.randint(1, 400), generator.randint(1, 90)
    at_once, one_by_one = BucketCounts(TBT_BOUNDS_S), BucketCounts(TBT_BOUNDS_S)
    at_once.observe_run(first, growth, length, times)
    for k in range(length):
        one_by_one.observe(first + k * growth, times)
    assert at_once.counts == one_by_one.counts
    assert at_once.total == pytest.approx(one_by_one.total)
