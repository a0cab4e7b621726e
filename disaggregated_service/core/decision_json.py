"""A decision as JSON-ready data and back, exactly. Status, the state file, the HTTP API and `--json` all
use it.

Names are camelCase, as in the object; numbers of the trail stay [name, value] pairs in their order. The
printed columns of the CRD read `verdict` and `granted` from here. This file must never know where the JSON
is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from disaggregated_service.core.decision import (
    Condition,
    ConditionType,
    Decision,
    Hold,
    ReadingNote,
    ReadingState,
    Scale,
    Verdict,
)
from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.json_field import UnreadableJson, items, member, number, text, whole
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.placement_json import groups_from_json, groups_to_json
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage, TrailStep

SCHEMA = "heteroscale.dev/decision/v1"

T = TypeVar("T")


class UnreadableDecision(UnreadableJson):
    """The data are no decision of this version; the message names the field."""


def decision_to_json(decision: Decision) -> dict[str, object]:
    """Plain dicts, lists, texts and finite numbers. A number that is not finite is left out: JSON has no
    word for it.
    """
    return {
        "schema": SCHEMA,
        "service": {"namespace": decision.service.namespace, "name": decision.service.name},
        "sequence": decision.sequence,
        "mode": decision.mode.value,
        "verdict": {
            "action": "scale" if isinstance(decision.verdict, Scale) else "hold",
            "reason": decision.verdict.reason.value,
        },
        "inForce": pair_to_json(decision.in_force),
        "targets": pair_to_json(decision.targets),
        "granted": pair_to_json(decision.granted),
        "published": None if decision.published is None else pair_to_json(decision.published),
        "ready": pair_to_json(decision.ready),
        "discovered": pair_to_json(decision.discovered),
        "trail": [_step_to_json(step) for step in decision.trail],
        "conditions": [_condition_to_json(condition) for condition in decision.conditions],
        "readings": [_reading_to_json(reading) for reading in decision.readings],
        **({"groups": groups_to_json(decision.groups)} if decision.groups else {}),
    }


def decision_from_json(data: object) -> Decision:
    """The decision. Raises UnreadableDecision naming the field; unknown keys are ignored, an unknown schema
    is not.
    """
    try:
        _check_schema(text(data, "schema"))
        return _decision(data)
    except UnreadableJson as error:
        raise UnreadableDecision(error.field, error.wrong) from error


def pair_to_json(pair: Pair) -> dict[str, object]:
    """{"prefill": P, "decode": D}."""
    return {"prefill": pair.prefill, "decode": pair.decode}


def pair_from_json(data: object, name: str) -> Pair:
    """The pair under `name`. Raises UnreadableJson."""
    inner = member(data, name)
    return Pair(whole(inner, "prefill", within=name), whole(inner, "decode", within=name))


def _check_schema(schema: str) -> None:
    if schema != SCHEMA:
        raise UnreadableJson("schema", f'is "{schema[:60]}", this program reads {SCHEMA}')


def _decision(data: object) -> Decision:
    service = member(data, "service")
    return Decision(
        service=ServiceKey(text(service, "namespace", within="service"), text(service, "name", within="service")),
        sequence=whole(data, "sequence"),
        mode=_enum(Mode, text(data, "mode"), "mode"),
        verdict=_verdict(member(data, "verdict")),
        in_force=pair_from_json(data, "inForce"),
        targets=pair_from_json(data, "targets"),
        granted=pair_from_json(data, "granted"),
        published=None if member(data, "published") is None else pair_from_json(data, "published"),
        ready=pair_from_json(data, "ready"),
        discovered=pair_from_json(data, "discovered"),
        trail=tuple(_step(one, f"trail[{index}]") for index, one in enumerate(items(data, "trail"))),
        conditions=tuple(_condition(one, f"conditions[{i}]") for i, one in enumerate(items(data, "conditions"))),
        readings=tuple(_reading(one, f"readings[{index}]") for index, one in enumerate(items(data, "readings"))),
        groups=_groups(data),
    )


def _groups(data: object) -> tuple[DeploymentGroup, ...]:
    """Decisions written before there was placement have none."""
    found = data.get("groups") if isinstance(data, dict) else None
    return () if found is None else groups_from_json(found)


def _verdict(data: object) -> Verdict:
    reason = _enum(Reason, text(data, "reason", within="verdict"), "verdict.reason")
    match text(data, "action", within="verdict"):
        case "scale":
            return Scale(reason)
        case "hold":
            return Hold(reason)
        case other:
            raise UnreadableJson("verdict.action", f'is "{other[:60]}", not scale or hold')


def _step_to_json(step: TrailStep) -> dict[str, object]:
    return {
        "stage": step.stage.value,
        "before": pair_to_json(step.before),
        "after": pair_to_json(step.after),
        "reason": step.reason.value,
        "subject": step.subject,
        "numbers": _numbers_to_json(step.numbers),
    }


def _step(data: object, within: str) -> TrailStep:
    try:
        return TrailStep(
            _enum(Stage, text(data, "stage"), "stage"),
            pair_from_json(data, "before"),
            pair_from_json(data, "after"),
            _enum(Reason, text(data, "reason"), "reason"),
            text(data, "subject"),
            _numbers(data),
        )
    except UnreadableJson as error:
        raise UnreadableJson(f"{within}.{error.field}", error.wrong) from error


def _condition_to_json(condition: Condition) -> dict[str, object]:
    return {
        "type": condition.type.value,
        "subject": condition.subject,
        "numbers": _numbers_to_json(condition.numbers),
    }


def _condition(data: object, within: str) -> Condition:
    try:
        return Condition(_enum(ConditionType, text(data, "type"), "type"), text(data, "subject"), _numbers(data))
    except UnreadableJson as error:
        raise UnreadableJson(f"{within}.{error.field}", error.wrong) from error


def _reading_to_json(reading: ReadingNote) -> dict[str, object]:
    return {
        "signal": reading.signal,
        "state": reading.state.value,
        "value": reading.value if reading.value is not None and math.isfinite(reading.value) else None,
        "samples": reading.samples,
        "ageS": reading.age_s if math.isfinite(reading.age_s) else 0.0,
        "covered": reading.covered,
        "ready": reading.ready,
        "nameUsed": reading.name_used,
        "namesMissing": list(reading.names_missing),
        "why": reading.why,
    }


def _reading(data: object, within: str) -> ReadingNote:
    try:
        return ReadingNote(
            signal=text(data, "signal"),
            state=_enum(ReadingState, text(data, "state"), "state"),
            value=None if member(data, "value") is None else number(data, "value"),
            samples=whole(data, "samples"),
            age_s=number(data, "ageS"),
            covered=whole(data, "covered"),
            ready=whole(data, "ready"),
            name_used=text(data, "nameUsed"),
            names_missing=tuple(text({"name": one}, "name") for one in items(data, "namesMissing")),
            why=text(data, "why"),
        )
    except UnreadableJson as error:
        raise UnreadableJson(f"{within}.{error.field}", error.wrong) from error


def _numbers_to_json(numbers: tuple[tuple[str, float], ...]) -> list[object]:
    return [[name, value] for name, value in numbers if math.isfinite(value)]


def _numbers(data: object) -> tuple[tuple[str, float], ...]:
    found = []
    for pair in items(data, "numbers"):
        if not isinstance(pair, list) or len(pair) != 2:
            raise UnreadableJson("numbers", "is no list of [name, value]")
        entry: Mapping[str, object] = {"name": pair[0], "value": pair[1]}
        found.append((text(entry, "name", within="numbers"), number(entry, "value", within="numbers")))
    return tuple(found)


def _enum(make: Callable[[str], T], written: str, name: str) -> T:
    try:
        return make(written)
    except ValueError:
        raise UnreadableJson(name, f'is "{written[:60]}", which this program does not know') from None
