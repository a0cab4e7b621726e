from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.ratio import FixedRatio, MeasuredRatio
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4, EnginePair
from heteroscale.simulator.sweep import Split, Workload, best, ratio_sweep, splits
from heteroscale.simulator.sweep_advice import advise, drift_of
from heteroscale.simulator.world.result import Slo

BOTH = EnginePair(prefill=LLAMA_70B_H100_TP4, decode=LLAMA_70B_H100_TP4)

# HeteroScale 6.1: two workloads on sixteen units; its best are 9P7D and 10P6D, on engines of its own.
A = Workload(prompt_tokens_mean=3000, output_tokens_mean=350, slo=Slo(1.0, 0.040))
B = Workload(prompt_tokens_mean=7800, output_tokens_mean=700, slo=Slo(1.0, 0.020))
CAPACITY = {Role.PREFILL: 16_000.0, Role.DECODE: 3_200.0}


@pytest.fixture(scope="module")
def bells() -> dict[str, tuple[Split, ...]]:
    return {"A": ratio_sweep(BOTH, A, 16), "B": ratio_sweep(BOTH, B, 16)}


@pytest.mark.parametrize("name", ["A", "B"])
def test_the_sweep_is_bell_shaped_with_its_best_in_the_interior(name: str, bells: dict[str, tuple[Split, ...]]):
    bell = bells[name]
    top = bell.index(best(bell))
    carried = [one.requests_per_s for one in bell]
    assert 0 < top < len(bell) - 1
    assert all(before < after for before, after in pairwise(carried[: top + 1]))
    assert all(before > after for before, after in pairwise(carried[top:]))
    assert {one.breaks for one in bell[:top]} == {"ttft"}  # too few prefill replicas
    assert {one.breaks for one in bell[top + 1 :]} == {"tbt"}  # too few decode replicas


def test_the_two_workloads_want_different_ratios(bells: dict[str, tuple[Split, ...]]):
    assert best(bells["A"]).pair != best(bells["B"]).pair


def test_two_units_off_the_best_ratio_cost_a_good_part_of_it(bells: dict[str, tuple[Split, ...]]):
    for bell in bells.values():
        top = bell.index(best(bell))
        assert bell[top - 2].requests_per_s < 0.9 * bell[top].requests_per_s
        assert bell[top + 2].requests_per_s < 0.8 * bell[top].requests_per_s


def test_decode_looks_busy_at_every_ratio_that_feeds_it_but_prefill_does_not(bells: dict[str, tuple[Split, ...]]):
    """Why decode utilisation cannot steer (HeteroScale 4)."""
    fed = bells["A"][3:]
    assert min(one.decode_util for one in fed) > 0.95
    assert max(one.prefill_util for one in fed) - min(one.prefill_util for one in fed) > 0.5


def test_every_split_is_tried_once():
    assert splits(4) == (Pair(1, 3), Pair(2, 2), Pair(3, 1))
    with pytest.raises(ValueError, match="take at least 3"):
        splits(2)


def drifting(*ratios: float) -> Requests:
    """Ten minutes a ratio of prompt to written tokens, a request a second."""
    seconds = np.arange(600.0 * len(ratios) + 1)
    answers = np.repeat(np.array(ratios), 600)
    written = np.append(np.rint(4000 / answers), 4000).astype(np.int64)
    return Requests(seconds, np.full(len(seconds), 4000, dtype=np.int64), written)


def test_one_mix_gets_the_ratio_its_capacities_ask_for():
    advice = advise(CAPACITY, A)
    assert isinstance(advice.ratio, FixedRatio)
    assert advice.ratio.value == pytest.approx((3000 / 16_000) / (350 / 3_200), rel=0.05)
    assert advice.target_tps(Role.DECODE) == pytest.approx(0.60 * 3_200)


def test_a_mix_that_stays_within_the_band_keeps_the_fixed_mode():
    assert isinstance(advise(CAPACITY, A, drifting(8.5, 8.6, 8.7, 8.4)).ratio, FixedRatio)


def test_a_mix_that_drifts_gets_the_measured_mode_and_a_band_around_what_it_needs():
    advice = advise(CAPACITY, A, drifting(2.0, 5.0, 10.0, 20.0))
    assert isinstance(advice.ratio, MeasuredRatio)
    assert advice.drift is not None
    assert advice.ratio.band.low <= advice.drift.p1
    assert advice.ratio.band.high >= advice.drift.p99
    assert advice.drift.p50 == pytest.approx(7.5 * 3_200 / 16_000, rel=0.15)


def test_a_load_too_short_to_drift_says_nothing():
    short = Requests(np.array([0.0, 1.0]), np.array([10, 10]), np.array([5, 5]))
    assert drift_of(short, CAPACITY) is None


def test_a_role_that_carries_nothing_is_said():
    with pytest.raises(ValueError, match="one decode replica carries nothing within its target"):
        advise({**CAPACITY, Role.DECODE: 0.0}, A)
