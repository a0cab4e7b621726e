from math import inf, nan

import pytest

from scaler.core.observation import Absent, Coverage, Present, Why
from scaler.edge.series import PLAUSIBLE_MAX, Series, believable, total

READY = frozenset({"a", "b"})


def of(replica, value, *, age_s=1.0, samples=4, identity=()):
    return Series(replica, identity, value, age_s, samples)


def read(*series, ready=READY, minus=()):
    return total([series], [minus] if minus else [], ready=ready, stale_after_s=45.0)


def test_covered_replicas_are_summed_with_the_oldest_age():
    assert read(of("a", 1.0, age_s=3.0), of("b", 2.0)) == Present(3.0, 8, 3.0, Coverage(2, 2))


def test_a_silent_replica_lowers_the_coverage_and_not_the_average():
    assert read(of("a", 1.0)) == Present(1.0, 4, 1.0, Coverage(1, 2))


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_is_silence(value):
    assert read(of("a", 1.0), of("b", value)) == Present(1.0, 4, 1.0, Coverage(1, 2))


@pytest.mark.parametrize(
    ("series", "why"),
    [
        ((), Why.NO_SERIES),
        ((of("stranger", 1.0),), Why.NO_SERIES),
        ((of("a", 1.0, age_s=46.0),), Why.STALE),
        ((of("a", None, samples=1),), Why.TOO_FEW_SAMPLES),
        ((of("a", nan), of("b", None)), Why.NOT_A_NUMBER),
    ],
)
def test_nobody_covered_is_absent_and_says_why(series, why):
    reading = read(*series)
    assert isinstance(reading, Absent)
    assert reading.why is why


def test_series_of_one_replica_are_summed_over_its_engines():
    engines = (of("a", 1.0, identity=(("engine", "0"),)), of("a", 2.0, identity=(("engine", "1"),)))
    assert read(*engines, of("b", 4.0)) == Present(7.0, 12, 1.0, Coverage(2, 2))


def test_a_replica_of_which_a_part_fell_silent_is_silent():
    engines = (of("a", 1.0, identity=(("engine", "0"),)), of("a", 2.0, identity=(("engine", "1"),), age_s=50.0))
    assert read(*engines, of("b", 4.0)) == Present(4.0, 4, 1.0, Coverage(1, 2))


def test_the_same_series_twice_is_ambiguous():
    reading = read(of("a", 1.0), of("a", 1.0), of("b", 1.0))
    assert isinstance(reading, Absent)
    assert reading.why is Why.AMBIGUOUS


def test_the_same_series_under_an_address_it_had_before_is_not():
    assert read(of("a", 1.0), of("a", 9.0, age_s=60.0), of("b", 1.0)) == Present(2.0, 8, 1.0, Coverage(2, 2))


def test_a_difference_is_taken_per_replica_and_never_negative():
    """An early vLLM counted more cached than prompt tokens: one replica's error must not eat another's load."""
    reading = read(of("a", 10.0), of("b", 10.0), minus=(of("a", 3.0), of("b", 25.0)))
    assert reading == Present(7.0, 8, 1.0, Coverage(2, 2))


def test_a_replica_that_is_not_ready_does_not_count():
    assert read(of("a", 1.0), of("b", 2.0), ready=frozenset({"a"})) == Present(1.0, 4, 1.0, Coverage(1, 1))


@pytest.mark.parametrize("value", [-1.0, 1e13, 1.7e308])
def test_what_no_replica_can_have_is_silence_and_neither_idleness_nor_a_reason_to_raise(value):
    assert read(of("a", 1.0), of("b", value)) == Present(1.0, 4, 1.0, Coverage(1, 2))


def test_a_queue_beyond_belief_stays_a_queue():
    queue = believable([of("a", 1.7e308), of("b", 1.7e308, identity=(("engine", "1"),)), of("b", nan)])
    assert [one.value for one in queue[:2]] == [PLAUSIBLE_MAX, PLAUSIBLE_MAX]
    assert read(*queue[:2]) == Present(2 * PLAUSIBLE_MAX, 8, 1.0, Coverage(2, 2))
