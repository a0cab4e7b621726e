from typing import Any

import pytest

from disaggregated_service.core.placement_faults import profile_faults_of, profile_named
from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.topology_labels import GpuClass, TopologyProfile
from tests.services import faults_with, service

S2 = {"affinity": "s2", "topologyProfile": "topograph-v1"}
OURS = TopologyProfile(name="our-fabric", s2=("rack",), classes=(("h100", GpuClass(match=("NVIDIA-H100-*",))),))


def roles(prefill: list[str], decode: list[str], **decode_more: Any) -> dict[str, Any]:
    return {"prefill": {"gpuClasses": prefill}, "decode": {"gpuClasses": decode, **decode_more}}


@pytest.mark.parametrize(
    ("placement", "classes", "paths"),
    [
        ({}, roles(["h100"], ["h20"]), []),
        (S2, {}, []),
        (S2 | {"maxTier": "medium"}, roles(["h100"], ["h20"]), []),
        ({"affinity": "none", "topologyProfile": "topograph-v1"}, {}, []),
        ({"affinity": "s2"}, {}, ["spec.placement.topologyProfile"]),
        ({"affinity": "cluster"}, {}, ["spec.placement.topologyProfile"]),
        ({"maxTier": "low"}, {}, ["spec.placement.maxTier"]),
        ({"onExhausted": "degrade", "exact": True}, {}, ["spec.placement.onExhausted", "spec.placement.exact"]),
        (S2 | {"maxTier": "low"}, roles(["h100"], ["h20"]), ["spec.placement.maxTier"]),
        (S2 | {"maxTier": "low"}, roles(["h100", "h20"], ["h20"]), []),
        (S2 | {"maxTier": "low"}, roles([], ["h20"]), []),
        (S2 | {"maxTier": "medium", "affinity": "s1"}, roles(["h100"], ["h20"]), ["spec.placement.maxTier"]),
        (S2 | {"maxTier": "high", "affinity": "s1"}, roles(["h100"], ["h20"]), []),
        (S2 | {"maxTier": "low", "affinity": "cluster"}, roles(["h100"], ["h20"]), []),
        (S2, roles(["h100", "h100"], []), ["spec.roles.prefill.gpuClasses[1]"]),
        ({}, {"decode": {"nodesPerReplica": 2}}, []),
    ],
)
def test_placement_that_can_never_be_met_is_a_fault(
    placement: dict[str, Any], classes: dict[str, Any], paths: list[str]
) -> None:
    assert [fault.path for fault in faults_with(placement=placement, roles=classes)] == paths


def test_the_fault_of_a_tier_says_which_one_is_needed() -> None:
    (fault,) = faults_with(placement=S2 | {"affinity": "s1", "maxTier": "low"}, roles=roles(["h100"], ["h20"]))
    assert "prefill (h100) and decode (h20) have no GPU class in common" in fault.wrong
    assert fault.right == "write high, or give both roles a common class"


@pytest.mark.parametrize(
    ("placement", "classes", "expected"),
    [
        ({"topologyProfile": "our-fabrik"}, {}, ['spec.placement.topologyProfile: names neither a profile nor a preset: "our-fabrik"; did you mean "our-fabric"?']),
        ({"topologyProfile": "topograf"}, {}, ['spec.placement.topologyProfile: names neither a profile nor a preset: "topograf"; did you mean "topograph"?']),
        ({"topologyProfile": "broken"}, {}, ['spec.placement.topologyProfile: names "broken", which has faults itself']),
        ({"topologyProfile": "our-fabric", "affinity": "s2"}, roles(["h100"], ["h200"]), ["spec.roles.decode.gpuClasses[0]: h200 is no class of profile our-fabric; did you mean"]),
        ({"topologyProfile": "our-fabric", "affinity": "none"}, roles(["b200"], []), ["spec.roles.prefill.gpuClasses[0]: b200 is no class of profile our-fabric; it has: h100"]),
        ({"topologyProfile": "azure", "affinity": "s1"}, {}, ["spec.placement.affinity: is s1, but profile azure has no S1 labels"]),
        ({"topologyProfile": "azure", "affinity": "s2"}, {"decode": {"nodesPerReplica": 2}}, ["spec.roles.decode.nodesPerReplica: needs one S1, but profile azure has no S1 labels"]),
        ({"topologyProfile": "azure", "affinity": "none"}, {"decode": {"nodesPerReplica": 2}}, []),
        ({"topologyProfile": "aws", "affinity": "s1"}, {"decode": {"nodesPerReplica": 2}}, []),
        ({}, roles(["anything"], []), []),
    ],
)  # fmt: skip
def test_a_profile_has_to_exist_and_to_have_what_is_asked_of_it(
    placement: dict[str, Any], classes: dict[str, Any], expected: list[str]
) -> None:
    spec = service(placement=placement, roles=classes).spec
    found = [str(fault) for fault in profile_faults_of(spec, {"our-fabric": OURS}, ["broken"])]
    assert [fault[: len(start)] for fault, start in zip(found, expected, strict=True)] == expected


def test_a_profile_with_a_presets_name_takes_its_place() -> None:
    spec = service(placement=S2).spec
    assert profile_named(spec, {"topograph-v1": OURS}) is OURS
    assert profile_named(spec, {}) is PRESETS["topograph-v1"]
    assert profile_named(service().spec, {"topograph-v1": OURS}) is None
