from __future__ import annotations

import pickle

import pytest

from heteroscale.simulator.policy.registry import KINDS, NAMES, default_choice, parse_choice


def test_the_names_are_those_that_are_promised():
    assert NAMES == (
        "heteroscale-measured", "heteroscale-fixed", "static-peak", "static-p95", "hpa-utilisation", "keda-queue-kv",
        "independent-tps", "kthena-band", "dynamo", "latency-only", "scheduled", "oracle",
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_choice_is_a_plain_value(name):
    choice = default_choice(name)
    assert pickle.loads(pickle.dumps(choice)) == choice  # noqa: S301 - what was just made
    assert hash(choice) == hash(parse_choice(name))
    assert choice.label == name


def test_settings_are_written_as_they_are_read():
    choice = parse_choice("heteroscale-fixed:ratio=1:3,target_frac=0.8")
    assert choice.settings.ratio == "1:3"
    assert choice.settings.target_frac == 0.8
    assert parse_choice(choice.label) == choice


def test_only_the_oracle_cannot_be_deployed():
    assert [name for name, kind in KINDS.items() if not kind.deployable] == ["oracle"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kthena", "did you mean kthena-band"),
        ("xyz", "there are: heteroscale-measured"),
        ("dynamo:interval=3", "did you mean interval_s"),
        ("dynamo:interval_s=fast", "not a number"),
        ("dynamo:interval_s=0", "must be above 0"),
        ("dynamo:interval_s=-1", "must be finite and not negative"),
        ("dynamo:predictor=prophet", "constant or trend"),
        ("hpa-utilisation:signal=cpu", "gpu or sm"),
        ("heteroscale-fixed:ratio=1/3", "is not P:D"),
        ("heteroscale-measured:min=0:3", "is not P:D"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_would_be_right(text, says):
    with pytest.raises(ValueError, match=says):
        parse_choice(text)
