from __future__ import annotations

import pytest

from heteroscale.simulator.interval import Interval
from heteroscale.simulator.objective import candidates, parse_objective
from heteroscale.simulator.policy.registry import default_choice, parse_choice


def row(**means: float) -> dict[str, Interval]:
    return {figure: Interval(mean, mean, mean) for figure, mean in means.items()}


def test_the_cheapest_that_keeps_the_slo_is_chosen():
    objective = parse_objective("min gpu_hours where slo_attainment_frac >= 0.99")
    table = {
        "cheap": row(gpu_hours=10, slo_attainment_frac=0.8),
        "right": row(gpu_hours=20, slo_attainment_frac=0.995),
        "dear": row(gpu_hours=30, slo_attainment_frac=1.0),
    }
    assert objective.ranked(table) == ["right", "dear", "cheap"]


def test_where_nobody_keeps_it_the_nearest_is_chosen():
    objective = parse_objective("max goodput_per_gpu_hour where slo_attainment_frac >= 0.99 and ttft_ms_p99 <= 500")
    table = {
        "near": row(goodput_per_gpu_hour=1, slo_attainment_frac=0.98, ttft_ms_p99=500),
        "far": row(goodput_per_gpu_hour=9, slo_attainment_frac=0.98, ttft_ms_p99=900),
    }
    assert objective.ranked(table)[0] == "near"
    assert not objective.met_by(table["near"])


def test_an_objective_needs_no_condition():
    assert parse_objective("max slo_attainment_frac").conditions == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gpu_hours", "write for instance: min gpu_hours where slo_attainment_frac >= 0.99"),
        ("min gpuhours", "did you mean gpu_hours"),
        ("min gpu_hours where slo_attainment_frac > 0.99", "FIGURE >= NUMBER"),
        ("min gpu_hours where slo_attainment_frac >= 1e", "not a number"),
        ("min gpu_hours where nonsense >= 1", "there are: slo_attainment_frac"),
    ],
)
def test_a_wrong_objective_says_what_would_be_right(text, says):
    with pytest.raises(ValueError, match=says):
        parse_objective(text)


def test_candidates_are_tuned_and_none_of_them_knows_the_future():
    found = candidates(
        [default_choice("dynamo"), default_choice("oracle"), parse_choice("static-peak:target_frac=0.5")]
    )
    labels = [choice.label for choice in found]
    assert labels[0] == "dynamo"
    assert "dynamo:demand_factor=1.3" in labels
    assert not [label for label in labels if label.startswith("oracle")]
    assert [label for label in labels if label.startswith("static-peak")] == ["static-peak:target_frac=0.5"]
