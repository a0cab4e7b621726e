from dataclasses import replace

import numpy as np
import pytest

from heteroscale.simulator.arrivals import COPY_SPREAD_S, LoadShape, Requests, cut_into_requests
from heteroscale.simulator.trace import AZURE_HOUR, R1_DAY, RateTrace, RequestTrace, shipped_trace

STEADY = RateTrace(3600.0, (0.0, 3600.0), (80_000.0, 80_000.0), (10_000.0, 10_000.0))
RECORDED = RequestTrace(np.arange(10_000, dtype=np.float64) * 0.1, np.arange(10_000) + 100, np.full(10_000, 7))
AS_RECORDED = LoadShape(scale=1.0, prompt_tokens_mean=None)


def cut(shape: LoadShape) -> Requests:
    return cut_into_requests(STEADY, shape, from_s=0.0, until_s=3600.0)


def single(scale: float, seed: int = 1) -> Requests:
    return cut_into_requests(RECORDED, replace(AS_RECORDED, scale=scale, seed=seed), from_s=100.0, until_s=900.0)


def test_token_rates_survive_being_cut_into_requests():
    requests = cut(LoadShape(scale=1.0, prompt_tokens_mean=8000.0))
    assert len(requests) == pytest.approx(36_000, rel=0.02)
    assert requests.prompt_tokens.sum() / 3600 == pytest.approx(80_000, rel=0.02)
    assert requests.output_tokens.sum() / 3600 == pytest.approx(10_000, rel=0.02)


def test_the_scale_multiplies_requests_and_not_their_length():
    half = cut(LoadShape(scale=0.5))
    assert len(half) == pytest.approx(18_000, rel=0.03)
    assert half.prompt_tokens.mean() == pytest.approx(8000, rel=0.01)


def test_a_load_that_fits_into_no_memory_is_refused_before_it_is_drawn():
    with pytest.raises(ValueError, match="lower the scale"):
        cut(LoadShape(scale=1e9))
    with pytest.raises(ValueError, match="lower the scale"):
        single(1e9)


@pytest.mark.parametrize("name", [R1_DAY, AZURE_HOUR])
def test_recorded_requests_and_token_rates_are_both_kept(name: str):
    trace = shipped_trace(name)
    assert trace.requests_per_s is not None
    requests = cut_into_requests(trace, AS_RECORDED, from_s=0.0, until_s=trace.end_s)
    windows = len(trace.starts_s)
    assert len(requests) == pytest.approx(sum(trace.requests_per_s) * trace.window_s, rel=0.02)
    assert requests.prompt_tokens.sum() == pytest.approx(sum(trace.input_tps) * trace.window_s, rel=0.02)
    assert requests.output_tokens.sum() == pytest.approx(sum(trace.output_tps) * trace.window_s, rel=0.02)
    arrived = np.histogram(requests.arrival_s, windows, (0.0, trace.end_s))[0] / trace.window_s
    assert np.corrcoef(arrived, trace.requests_per_s)[0, 1] > 0.9


def test_a_stated_mean_cuts_the_recorded_rates_anew():
    longer = cut_into_requests(shipped_trace(R1_DAY), LoadShape(scale=1.0), from_s=0.0, until_s=86_400.0)
    assert longer.prompt_tokens.mean() == pytest.approx(8000, rel=0.01)
    assert longer.prompt_tokens.sum() / 86_400 == pytest.approx(20_300, rel=0.02)


def test_a_trace_without_counts_cannot_be_cut_as_recorded():
    with pytest.raises(ValueError, match="counts no requests"):
        cut(AS_RECORDED)


@pytest.mark.parametrize("cv", [0.0, 0.5, 1.0, 3.0, 10.0])
def test_gaps_have_the_stated_variation(cv: float):
    gaps = np.diff(cut(LoadShape(scale=5.0, arrival_cv=cv)).arrival_s)
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.05, abs=1e-6)


@pytest.mark.parametrize("cv", [1.0, 10.0])
def test_bursts_do_not_change_how_many_there_are(cv: float):
    counts = [len(cut(LoadShape(scale=1.0, arrival_cv=cv, seed=seed))) for seed in range(20)]
    assert np.mean(counts) == pytest.approx(36_000, rel=0.03)


def test_arrivals_are_in_order_and_inside_the_hours():
    requests = cut_into_requests(shipped_trace(), LoadShape(scale=0.5), from_s=21600, until_s=25200)
    assert (np.diff(requests.arrival_s) >= 0).all()
    assert requests.arrival_s[0] >= 0
    assert requests.arrival_s[-1] < 3600


def test_answers_get_longer_where_the_recorded_mix_says_so():
    requests = cut_into_requests(shipped_trace(), LoadShape(scale=0.5), from_s=21600, until_s=50400)
    early = requests.output_tokens[requests.arrival_s < 3600].mean()
    peak = requests.output_tokens[(requests.arrival_s > 18_900) & (requests.arrival_s < 19_500)].mean()
    assert early == pytest.approx(8000 * 4400 / 35_000, rel=0.05)
    assert peak == pytest.approx(8000 * 46_840 / 200_573, rel=0.05)


def test_no_prompt_is_much_longer_than_the_maximum_and_the_mean_stays():
    requests = cut(LoadShape(scale=1.0, prompt_sigma=1.0, prompt_tokens_max=16_000.0))
    assert requests.prompt_tokens.max() < 1.3 * 16_000
    assert requests.prompt_tokens.mean() == pytest.approx(8000, rel=0.001)


def test_single_requests_at_scale_one_are_taken_as_they_are():
    requests = single(1.0)
    assert requests.arrival_s == pytest.approx(np.arange(8000) * 0.1)
    assert requests.prompt_tokens.tolist() == list(range(1100, 9100))
    assert set(requests.output_tokens) == {7}


def test_single_requests_are_thinned_at_random():
    requests = single(0.25)
    assert len(requests) == pytest.approx(2000, rel=0.06)
    assert len(set(requests.prompt_tokens)) == len(requests)
    assert single(0.25).arrival_s.tobytes() == requests.arrival_s.tobytes()
    assert single(0.25, seed=2).arrival_s.tobytes() != requests.arrival_s.tobytes()


def test_copies_of_single_requests_keep_near_and_do_not_come_at_once():
    requests = single(2.5)
    assert len(requests) == pytest.approx(20_000, rel=0.02)
    assert (np.diff(requests.arrival_s) >= 0).all()
    assert 0 <= requests.arrival_s[0] <= requests.arrival_s[-1] <= 800
    away_s = np.abs(requests.arrival_s - (requests.prompt_tokens - 1100) * 0.1)
    assert away_s.max() <= COPY_SPREAD_S
    assert np.sum(away_s < 1e-6) == pytest.approx(8000, abs=2)


def test_single_requests_can_be_cut_anew_too():
    requests = cut_into_requests(RECORDED, LoadShape(scale=1.0, prompt_tokens_mean=500.0), from_s=0.0, until_s=960.0)
    assert requests.prompt_tokens.mean() == pytest.approx(500, rel=0.01)
    assert requests.prompt_tokens.sum() == pytest.approx(RECORDED.prompt_tokens[:9600].sum(), rel=0.03)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    one, again, other = (cut(LoadShape(scale=0.2, seed=seed)) for seed in (1, 1, 2))
    assert one.arrival_s.tobytes() == again.arrival_s.tobytes()
    assert one.prompt_tokens.tobytes() == again.prompt_tokens.tobytes()
    assert one.output_tokens.tobytes() == again.output_tokens.tobytes()
    assert one.arrival_s.tobytes() != other.arrival_s.tobytes()


def test_hours_without_load_are_refused():
    silent = RateTrace(600.0, (0.0, 600.0), (0.0, 0.0), (0.0, 0.0))
    with pytest.raises(ValueError, match="no prompt tokens"):
        cut_into_requests(silent, LoadShape(scale=1.0), from_s=0, until_s=600)
    with pytest.raises(ValueError, match="no requests in the chosen hours"):
        cut_into_requests(RECORDED, AS_RECORDED, from_s=2000, until_s=3000)
