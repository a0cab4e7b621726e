from typing import Any

import pytest

from disaggregated_service.core.decode import decode
from disaggregated_service.core.guard_spec import GuardMetric, Raises
from disaggregated_service.core.ratio import FixedRatio, MeasuredRatio
from disaggregated_service.core.service import ServiceSpec
from tests.services import REMOVE, faults_with, service, spec_data

GUARD = {"metric": "ttft", "target": "1s"}


def said(**changes: Any) -> list[str]:
    return [str(fault) for fault in faults_with(**changes)]


def test_the_base_service_is_valid_and_every_default_is_filled_in() -> None:
    spec = service().spec
    assert spec.ratio == FixedRatio(prefill=1, decode=3, tolerance=0.15)
    assert (spec.load.cooldown.out_s, spec.load.cooldown.in_s) == (60.0, 600.0)
    assert (spec.damping.out, spec.damping.in_) == (1.0, 0.5)
    assert spec.guards[0].metric is GuardMetric.TBT
    assert spec.guards[0].target_s == 0.04
    assert spec.guards[0].raises is None
    assert spec.signals is not None
    assert (spec.signals.window_s, spec.signals.stale_after_s) == (60.0, 45.0)


def test_a_ratio_without_a_mode_is_fixed_and_with_measured_is_measured() -> None:
    prefill_load = {"prefill": {"metric": "prefillTps", "capacityPerReplica": 22500}}
    measured = service(ratio={"mode": "measured", "min": "1:6", "max": "2:1"}, load=prefill_load)
    assert isinstance(service().spec.ratio, FixedRatio)
    assert measured.spec.ratio == MeasuredRatio(min="1:6", max="2:1")
    assert measured.spec.ratio.band.high == 2.0


def test_enums_lists_and_optional_fields_are_read() -> None:
    spec = service(guards=[GUARD | {"raises": "decode", "memory": "30m", "minSamples": 5}], gpuBudget=64).spec
    assert spec.guards[0].raises is Raises.DECODE
    assert spec.guards[0].memory_s == 1800.0
    assert spec.gpu_budget == 64


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"priorty": 1}, 'spec.priorty: is not a known key; did you mean "priority"?'),
        ({"gpu_budget": 1}, 'spec.gpu_budget: is not a known key; did you mean "gpuBudget"?'),
        ({"damping": {"inn": 1}}, 'spec.damping.inn: is not a known key; did you mean "in"?'),
        ({"xyzzy": 1}, "spec.xyzzy: is not a known key; known here: mode, priority, engine"),
        ({"mode": "activ"}, 'spec.mode: is "activ"; did you mean "active"? write one of: active, advisory'),
        ({"priority": "100"}, 'spec.priority: is "100", not a whole number; write a whole number from 0 to 1000000'),
        ({"priority": True}, "spec.priority: is the truth value true, not a whole number"),
        ({"priority": 1.5}, "spec.priority: is 1.5, not a whole number"),
        ({"priority": -1}, "spec.priority: is -1; write a whole number from 0"),
        ({"hpaTolerance": float("nan")}, "spec.hpaTolerance: is not a finite number"),
        ({"gpuBudget": 0}, "spec.gpuBudget: is 0; write a whole number of at least 1"),
        ({"damping": {"out": 0}}, "spec.damping.out: is 0; write a number above 0 at most 1"),
        ({"load": {"cooldown": {"in": 600}}}, 'spec.load.cooldown.in: is the number 600 without a unit; write a duration such as "600s"'),
        ({"load": {"cooldown": {"in": "10 min"}}}, 'spec.load.cooldown.in: is "10 min", not a duration; write it like "40ms"'),
        ({"load": {"cooldown": {"in": "169h"}}}, 'spec.load.cooldown.in: is "169h"; write a duration from 0s to 168h'),
        ({"guards": GUARD}, "spec.guards: is a mapping, not a list"),
        ({"guards": [GUARD, "tbt"]}, 'spec.guards[1]: is "tbt", not a mapping; write a mapping with: metric, percentile'),
        ({"guards": [GUARD] * 9}, "spec.guards: has 9 items; write at most 8"),
        ({"guards": [{"metric": "ttft"}]}, "spec.guards[0].target: is missing; write it: The SLO, for instance 40ms."),
        ({"load": 5}, "spec.load: is the number 5, not a mapping"),
        ({"ratio": "1:3"}, 'spec.ratio: is "1:3", not a mapping; write a mapping with mode: fixed or measured'),
        ({"ratio": {"mode": "mesured"}}, 'spec.ratio.mode: is "mesured"; did you mean "measured"?'),
        ({"ratio": {"mode": "measured", "min": "1:6", "max": 2}}, "spec.ratio.max: is the number 2, not a text; write it in quotes"),
        ({"ratio": {"mode": "measured", "min": "0:6", "max": "2:1"}}, 'spec.ratio.min: is "0:6"; write it like "1:6"'),
        ({"ratio": {"min": "1:6"}}, "spec.ratio.min: is not a known key"),
        ({"roles": {"prefill": {"target": {"name": "Chat"}}}}, 'spec.roles.prefill.target.name: is "Chat"; write it like "chat-70b-prefill"'),
        ({"roles": {"prefill": {"podLabels": {"app": 7}}}}, "spec.roles.prefill.podLabels.app: is the number 7, not a text"),
        ({"roles": {"prefill": {"maxReplicas": REMOVE}}}, "spec.roles.prefill.maxReplicas: is missing; write it: Upper bound."),
        ({"placement": {"affinity": "S2"}}, 'spec.placement.affinity: is "S2"; did you mean "s2"?'),
        ({"placement": {"maxTier": 1}}, "spec.placement.maxTier: is the number 1; write one of: low, medium, high"),
        ({"roles": {"decode": {"components": [{"name": "a", "count": 0, "target": {"name": "a"}}]}}}, "spec.roles.decode.components[0].count: is 0; write a whole number from 1 to 1024"),
        ({"signals": {"endpoints": {"prefill": ["ftp://x"]}}}, 'spec.signals.endpoints.prefill[0]: is "ftp://x"'),
    ],
)  # fmt: skip
def test_a_fault_says_where_what_and_what_would_be_right(changes: dict[str, Any], expected: str) -> None:
    assert [fault[: len(expected)] for fault in said(**changes)] == [expected]


def test_all_faults_are_found_at_once() -> None:
    found = said(
        priorty=1,
        mode="on",
        load={"cooldown": {"in": 5}},
        guards=[GUARD | {"target": 1}, {"metric": "tbt", "percentil": 9, "target": "1s"}],
        roles={"decode": {"minReplicas": 80}},
    )
    assert [fault.split(":")[0] for fault in found] == [
        "spec.priorty",
        "spec.mode",
        "spec.load.cooldown.in",
        "spec.guards[0].target",
        "spec.guards[1].percentil",
        "spec.roles.decode.minReplicas",  # found on the whole, although single fields are at fault
    ]


def test_a_fault_of_a_field_has_no_echo() -> None:
    """The ttft guard could not be read; that there is none must not be reported too."""
    assert [fault.path for fault in faults_with(guards=[GUARD | {"target": 1}])] == ["spec.guards[0].target"]


def test_placement_that_asks_for_nothing_is_accepted() -> None:
    assert faults_with(placement={"affinity": "none", "onExhausted": "wait", "exact": False}) == ()


def test_an_empty_value_is_the_default_as_the_api_server_has_it() -> None:
    assert service(damping=None).spec.damping == service().spec.damping


@pytest.mark.parametrize("data", [None, [], "spec", 5])
def test_what_is_no_mapping_at_all_is_one_fault(data: object) -> None:
    decoded = decode(ServiceSpec, data, "spec")
    assert decoded.value is None
    assert [fault.path for fault in decoded.faults] == ["spec"]


def test_decoding_changes_nothing_in_what_it_was_given() -> None:
    data = spec_data()
    decode(ServiceSpec, data, "spec")
    assert data == spec_data()
