import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.decision import (
    Condition,
    ConditionType,
    Decision,
    Hold,
    ReadingNote,
    ReadingState,
    Scale,
)
from disaggregated_service.core.decision_json import (
    SCHEMA,
    UnreadableDecision,
    decision_from_json,
    decision_to_json,
)
from disaggregated_service.core.deployment_group import DeploymentGroup, Domain, Label
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage, TrailStep
from tests.disaggregated_service.build import BASE

COUNTS = st.integers(0, 10_000)
PAIRS = st.builds(Pair, COUNTS, COUNTS)
FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
NUMBERS = st.lists(st.tuples(st.text(max_size=10), FINITE), max_size=3).map(tuple)
STEPS = st.builds(
    TrailStep, st.sampled_from(Stage), PAIRS, PAIRS, st.sampled_from(Reason), st.text(max_size=10), NUMBERS
)
CONDITIONS = st.builds(Condition, st.sampled_from(ConditionType), st.text(max_size=10), NUMBERS)
READINGS = st.builds(
    ReadingNote,
    signal=st.text(max_size=10),
    state=st.sampled_from(ReadingState),
    value=st.none() | FINITE,
    samples=COUNTS,
    age_s=st.floats(0, 1e6),
    covered=COUNTS,
    ready=COUNTS,
    name_used=st.text(max_size=10),
    names_missing=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    why=st.text(max_size=10),
)
DECISIONS = st.builds(
    Decision,
    service=st.builds(ServiceKey, st.text(max_size=10), st.text(max_size=10)),
    sequence=st.integers(0, 2**53),
    mode=st.sampled_from(Mode),
    verdict=st.sampled_from(Reason).map(Scale) | st.sampled_from(Reason).map(Hold),
    in_force=PAIRS,
    targets=PAIRS,
    granted=PAIRS,
    published=st.none() | PAIRS,
    ready=PAIRS,
    discovered=PAIRS,
    trail=st.lists(STEPS, max_size=3).map(tuple),
    conditions=st.lists(CONDITIONS, max_size=2).map(tuple),
    readings=st.lists(READINGS, max_size=2).map(tuple),
)


@given(DECISIONS)
def test_a_decision_survives_json_exactly(decision: Decision) -> None:
    text = json.dumps(decision_to_json(decision), allow_nan=False)
    assert decision_from_json(json.loads(text)) == decision


def test_what_the_printed_columns_read_is_there() -> None:
    data: Any = decision_to_json(BASE)
    assert data["schema"] == "heteroscale.dev/decision/v1"
    assert data["verdict"] == {"action": "scale", "reason": "load_out"}
    assert data["granted"] == {"prefill": 5, "decode": 15}
    assert data["inForce"] == {"prefill": 4, "decode": 12}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_left_out(value: float) -> None:
    step = TrailStep(Stage.LOAD, Pair(1, 3), Pair(1, 3), Reason.WITHIN_BAND, "", (("a", value), ("b", 1.0)))
    reading = ReadingNote("decode_tps", ReadingState.PRESENT, value=value, age_s=value)
    data = decision_to_json(Decision(**{**fields(BASE), "trail": (step,), "readings": (reading,)}))
    back = decision_from_json(json.loads(json.dumps(data, allow_nan=False)))
    assert back.trail[0].numbers == (("b", 1.0),)
    assert back.readings[0].value is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("schema", "heteroscale.dev/decision/v2", f'schema is "heteroscale.dev/decision/v2", this program reads {SCHEMA}'),
        ("sequence", "1", "sequence is no whole number of at least 0"),
        ("sequence", True, "sequence is no whole number of at least 0"),
        ("mode", "eager", 'mode is "eager", which this program does not know'),
        ("targets", {"prefill": 1}, "targets.decode is missing"),
        ("targets", {"prefill": -1, "decode": 3}, "targets.prefill is no whole number of at least 0"),
        ("granted", [], "granted is no object"),
        ("verdict", {"action": "jump", "reason": "load_out"}, 'verdict.action is "jump", not scale or hold'),
        ("verdict", {"action": "scale", "reason": "?"}, 'verdict.reason is "?", which this program does not know'),
        ("trail", {}, "trail is no list"),
        ("trail", [{}], "trail[0].stage is missing"),
        ("conditions", [{"type": "Jammed", "subject": "", "numbers": [["a", "b"]]}], "conditions[0].numbers.value is no finite number"),
        ("readings", [5], "readings[0].signal is no object"),
    ],
)  # fmt: skip
def test_damaged_data_are_named_and_not_guessed_at(field: str, value: object, message: str) -> None:
    with pytest.raises(UnreadableDecision) as raised:
        decision_from_json(decision_to_json(BASE) | {field: value})
    assert str(raised.value) == message


@pytest.mark.parametrize("field", sorted(decision_to_json(BASE)))
def test_a_missing_field_is_named(field: str) -> None:
    data = decision_to_json(BASE)
    del data[field]
    with pytest.raises(UnreadableDecision) as raised:
        decision_from_json(data)
    assert str(raised.value) == f"{field} is missing"


@pytest.mark.parametrize("data", [None, 5, [], "x", {}])
def test_what_is_no_decision_at_all_is_refused(data: object) -> None:
    with pytest.raises(UnreadableDecision, match="schema"):
        decision_from_json(data)


def fields(decision: Decision) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in decision.__dataclass_fields__}


def test_the_groups_are_part_of_it_and_decisions_without_them_are_read_all_the_same() -> None:
    group = DeploymentGroup(name="a", domain=Domain((Label("zone", "z1"),)))
    data = decision_to_json(dataclasses.replace(BASE, groups=(group,)))
    assert decision_from_json(json.loads(json.dumps(data))).groups == (group,)
    assert "groups" not in decision_to_json(BASE)
    assert decision_from_json(decision_to_json(BASE)).groups == ()
    with pytest.raises(UnreadableDecision, match=r"groups\[0\].name"):
        decision_from_json(data | {"groups": [{}]})
