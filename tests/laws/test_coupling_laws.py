"""The search for a pair against the plainest possible one: look at every pair of the box and take the best."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import Band
from scaler.core.coupling import Box, Needs, couple, is_allowed, next_below

BANDS = st.sampled_from([Band(0.283, 0.383), Band(0.85, 1.15), Band(1 / 6, 2.0), Band(1.9, 2.1), Band(3.4, 4.6)])


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    low = Pair(draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    high = Pair(low.prefill + draw(st.integers(0, 14)), low.decode + draw(st.integers(0, 14)))
    in_force = Pair(
        draw(st.integers(low.prefill, high.prefill)),
        draw(st.integers(low.decode, high.decode)),
    )
    gpus = Pair(draw(st.sampled_from([1, 4, 8])), draw(st.sampled_from([1, 4, 8])))
    least = in_force.prefill * gpus.prefill + in_force.decode * gpus.decode
    budget = draw(st.one_of(st.none(), st.integers(least, least + 80)))
    tolerance = draw(st.sampled_from([0.0, 0.0, 0.1, 0.25]))
    return Box(low=low, high=high, gpus=gpus, in_force=in_force, gpu_budget=budget, hpa_tolerance=tolerance)


NEEDS = st.builds(Needs, st.floats(0, 30), st.floats(0, 30))
RATIOS = st.sampled_from([None, 1 / 3, 1.0, 2.0])


def every_pair(box: Box) -> list[Pair]:
    return [
        Pair(prefill, decode)
        for prefill in range(box.low.prefill, box.high.prefill + 1)
        for decode in range(box.low.decode, box.high.decode + 1)
        if is_allowed(prefill, box.in_force.prefill, box.hpa_tolerance)
        and is_allowed(decode, box.in_force.decode, box.hpa_tolerance)
        and (box.gpu_budget is None or box.cost(prefill, decode) <= box.gpu_budget)
    ]


def rank(pair: Pair, needs: Needs, box: Box, ratio: float | None) -> tuple[float, ...]:
    unmet = sorted(
        (
            max(0.0, (needs.prefill - pair.prefill) / needs.prefill) if needs.prefill > pair.prefill + 1e-9 else 0.0,
            max(0.0, (needs.decode - pair.decode) / needs.decode) if needs.decode > pair.decode + 1e-9 else 0.0,
        ),
        reverse=True,
    )
    if ratio is None:
        away = float(abs(pair.prefill - box.in_force.prefill) + abs(pair.decode - box.in_force.decode))
    else:
        away = abs(pair.prefill / pair.decode - ratio)
    cost = box.cost(pair.prefill, pair.decode)
    return (round(unmet[0], 12), round(unmet[1], 12), cost, round(away, 12), -pair.prefill)


@given(NEEDS, BANDS, boxes(), RATIOS)
def test_the_search_finds_what_looking_at_every_pair_finds(
    needs: Needs, band: Band, box: Box, ratio: float | None
) -> None:
    inside = [pair for pair in every_pair(box) if band.contains(pair)]
    found = couple(needs, band, box, ratio=ratio)
    assert found.in_band == bool(inside)
    if inside:
        assert found.pair == min(inside, key=lambda pair: rank(pair, needs, box, ratio))
    else:
        nearest = min(band.distance(pair) for pair in every_pair(box))
        assert abs(band.distance(found.pair) - nearest) < 1e-9


@given(BANDS, boxes(), RATIOS, st.integers(1, 20), st.integers(1, 20))
def test_the_next_pair_below_is_the_largest_one_below(
    band: Band, box: Box, ratio: float | None, prefill: int, decode: int
) -> None:
    top = box.in_force
    goal = Pair(min(prefill, top.prefill), min(decode, top.decode))
    below = [
        Pair(p, d)
        for p in range(goal.prefill, top.prefill + 1)
        for d in range(goal.decode, top.decode + 1)
        if Pair(p, d) != top
        and band.contains(Pair(p, d))
        and is_allowed(p, top.prefill, box.hpa_tolerance)
        and is_allowed(d, top.decode, box.hpa_tolerance)
    ]
    found = next_below(band, box, goal=goal, ratio=ratio)
    if not below:
        assert found is None
    else:
        assert found is not None
        assert box.cost(found.prefill, found.decode) == max(box.cost(pair.prefill, pair.decode) for pair in below)
