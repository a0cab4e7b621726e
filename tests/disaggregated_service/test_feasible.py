"""The closed forms against a plain search over the whole box."""

import math

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.feasible import Box, decode_ranges, nearest, stands_still
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import Band, FixedRatio

SMALL = st.integers(1, 9)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    low = Pair(draw(SMALL), draw(SMALL))
    high = Pair(low.prefill + draw(st.integers(0, 9)), low.decode + draw(st.integers(0, 9)))
    budget = draw(st.just(math.inf) | st.integers(1, 60).map(float))
    return Box(minima=low, maxima=high, gpus=Pair(draw(st.integers(1, 4)), draw(st.integers(1, 4))), gpu_budget=budget)


BANDS = st.builds(
    lambda prefill, decode, tolerance: FixedRatio(prefill=prefill, decode=decode, tolerance=tolerance).band,
    SMALL,
    SMALL,
    st.sampled_from([0.0, 0.1, 0.15, 0.5, 0.9]),
)


def inside(box: Box) -> list[Pair]:
    every = (
        Pair(prefill, decode)
        for prefill in range(box.minima.prefill, box.maxima.prefill + 1)
        for decode in range(box.minima.decode, box.maxima.decode + 1)
    )
    return [pair for pair in every if box.contains(pair)]


def feasible(box: Box, band: Band) -> list[Pair]:
    return [pair for pair in inside(box) if band.contains(pair)]


@given(boxes(), BANDS)
def test_the_ranges_hold_exactly_the_feasible_pairs(box: Box, band: Band) -> None:
    found = [
        Pair(prefill, decode) for prefill, low, high in decode_ranges(box, band) for decode in range(low, high + 1)
    ]
    assert found == feasible(box, band)


@given(boxes(), BANDS)
def test_the_nearest_pair_is_as_near_as_any(box: Box, band: Band) -> None:
    found = nearest(box, band)
    every = inside(box)
    if not every:
        assert found is None
    else:
        assert found in every
        assert math.isclose(band.distance(found), min(band.distance(pair) for pair in every), abs_tol=1e-6)


@given(boxes(), BANDS, st.sampled_from([0.1, 0.2, 0.5]))
def test_the_smallest_pair_stands_still_only_where_every_move_is_swallowed(
    box: Box, band: Band, tolerance: float
) -> None:
    def obeyed(before: int, after: int) -> bool:
        return before == after or abs(after / before - 1) > tolerance + 1e-9

    pairs = feasible(box, band)
    stuck = stands_still(box, band, tolerance)
    if not pairs:
        assert stuck is None
        return
    start = min(pairs, key=lambda pair: (box.uses(pair), pair.prefill))
    ways = [
        pair
        for pair in pairs
        if pair != start and obeyed(start.prefill, pair.prefill) and obeyed(start.decode, pair.decode)
    ]
    if stuck is None:
        assert ways or len(pairs) == 1
    else:
        assert not [
            pair
            for pair in pairs
            if pair != stuck and obeyed(stuck.prefill, pair.prefill) and obeyed(stuck.decode, pair.decode)
        ]


def test_an_exact_ratio_is_not_lost_to_rounding() -> None:
    box = Box(minima=Pair(1, 1), maxima=Pair(3000, 9000), gpus=Pair(1, 1), gpu_budget=math.inf)
    exact = Band(1 / 3, 1 / 3)
    assert [low == high == 3 * prefill for prefill, low, high in decode_ranges(box, exact)] == [True] * 3000
