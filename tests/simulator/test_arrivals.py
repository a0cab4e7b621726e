import numpy as np
import pytest

from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.trace import RateTrace, shipped_trace

STEADY = RateTrace(3600.0, (0.0, 3600.0), (80_000.0, 80_000.0), (10_000.0, 10_000.0))


def cut(shape: LoadShape) -> Requests:
    return cut_into_requests(STEADY, shape, from_s=0.0, until_s=3600.0)


def test_token_rates_survive_being_cut_into_requests():
    requests = cut(LoadShape(scale=1.0, prompt_tokens_mean=8000.0))
    assert len(requests) == pytest.approx(36_000, rel=0.02)
    assert requests.prompt_tokens.sum() / 3600 == pytest.approx(80_000, rel=0.02)
    assert requests.output_tokens.sum() / 3600 == pytest.approx(10_000, rel=0.02)


def test_the_scale_multiplies_requests_and_not_their_length():
    half = cut(LoadShape(scale=0.5))
    assert len(half) == pytest.approx(18_000, rel=0.03)
    assert half.prompt_tokens.mean() == pytest.approx(8000, rel=0.01)


@pytest.mark.parametrize("cv", [0.5, 1.0, 3.0])
def test_gaps_have_the_stated_variation(cv: float):
    gaps = np.diff(cut(LoadShape(scale=1.0, arrival_cv=cv)).arrival_s)
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.05)


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


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    one, again, other = (cut(LoadShape(scale=0.2, seed=seed)) for seed in (1, 1, 2))
    assert one.arrival_s.tobytes() == again.arrival_s.tobytes()
    assert one.prompt_tokens.tobytes() == again.prompt_tokens.tobytes()
    assert one.output_tokens.tobytes() == again.output_tokens.tobytes()
    assert one.arrival_s.tobytes() != other.arrival_s.tobytes()


def test_hours_without_prompts_are_refused():
    silent = RateTrace(600.0, (0.0, 600.0), (0.0, 0.0), (0.0, 0.0))
    with pytest.raises(ValueError, match="no prompt tokens"):
        cut_into_requests(silent, LoadShape(scale=1.0), from_s=0, until_s=600)
