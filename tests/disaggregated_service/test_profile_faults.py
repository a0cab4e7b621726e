from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.glob_overlap import contains, meet
from disaggregated_service.core.gpu_class import covers, gpu_class_of
from disaggregated_service.core.profile_faults import read_profile
from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.topology_labels import Reserve, TopologyProfile
from disaggregated_service.core.topology_profile import resolved

DESIGNED = {
    "preset": "topograph-v1",
    "nodeSelector": {"pool": "gpu"},
    "levels": {
        "s1": ["fabric.topograph.run/tier-0"],
        "s2": ["fabric.topograph.run/tier-1"],
        "upper": ["topology.kubernetes.io/zone"],
    },
    "gpuClasses": {
        "h100": {"label": "nvidia.com/gpu.product", "match": ["NVIDIA-H100-*"]},
        "h20": {"label": "nvidia.com/gpu.product", "match": ["NVIDIA-H20*"]},
    },
    "gpuResource": "nvidia.com/gpu",
    "rdmaResources": ["rdma/*"],
    "reserve": {"high": 0.1},
}


def profile(data: dict[str, Any]) -> TopologyProfile:
    spec, faults = read_profile(data)
    assert faults == ()
    assert spec is not None
    return resolved("our-fabric", spec)


def classes(**match: list[str]) -> dict[str, Any]:
    return {"preset": "topograph-v1", "gpuClasses": {name: {"match": patterns} for name, patterns in match.items()}}


def test_a_profile_is_its_preset_but_for_what_it_gives() -> None:
    found = profile(DESIGNED)
    assert found.name == "our-fabric"
    assert found.upper == ("topology.kubernetes.io/zone",)
    assert found.node_selector == (("pool", "gpu"),)
    assert found.reserve == Reserve(high=0.1)
    assert [name for name, _ in found.classes] == [name for name, _ in PRESETS["topograph-v1"].classes]
    own, preset = found.gpu_class("h100"), found.gpu_class("h200")
    assert own is not None
    assert own.match == ("NVIDIA-H100-*",)
    assert preset == PRESETS["topograph-v1"].gpu_class("h200")
    assert gpu_class_of(found, {"nvidia.com/gpu.product": "NVIDIA-H200"}) == "h200"


def test_lists_that_are_left_out_are_the_presets_and_empty_ones_are_empty() -> None:
    assert profile({"preset": "aws"}).rdma_resources == ("vpc.amazonaws.com/efa",)
    assert profile({"preset": "aws", "rdmaResources": []}).rdma_resources == ()
    assert profile({"preset": "aws", "levels": {"upper": []}}).upper == ()
    assert profile({"preset": "oci", "gpuResource": "amd.com/gpu"}).gpu_resource == "amd.com/gpu"


def test_without_a_preset_levels_and_classes_are_all_there_is() -> None:
    found = profile({"levels": {"s2": ["rack"]}, "gpuClasses": {"h100": {"match": ["NVIDIA-H100-*"]}}})
    assert (found.s1, found.s2, found.upper) == ((), ("rack",), ())
    assert [name for name, _ in found.classes] == ["h100"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"preset": "topograf-v1"}, ['spec.preset: is "topograf-v1", which is no preset; did you mean "topograph-v1"?']),
        ({}, ["spec: has neither preset nor levels; write preset: topograph-v1", "spec.gpuClasses: is missing"]),
        ({"preset": "aws", "levles": {}}, ['spec.levles: is not a known key; did you mean "levels"?']),
        ({"preset": "aws", "levels": {"s1": ["a b"]}}, ['spec.levels.s1[0]: is "a b"']),
        ({"preset": "aws", "levels": {"s1": ["a", "a"]}}, ["spec.levels.s1[1]: a is in the list already"]),
        ({"preset": "aws", "levels": {"s1": ["a"], "s2": ["a"]}}, ["spec.levels.s2: a is the first key of s1"]),
        (classes(h100=[]), ["spec.gpuClasses.h100.match: has no pattern"]),
        (classes(H100=["x"]), ['spec.gpuClasses.H100: "H100" is no name of a class']),
        (classes(x=["a", "a"]), ["spec.gpuClasses.x.match[1]: a is there already"]),
        (classes(x=["a?"]), ['spec.gpuClasses.x.match[0]: is "a?"']),
        ({"preset": "aws", "gpuClasses": {"x": {"label": "l"}}}, ["spec.gpuClasses.x.match: is missing"]),
        ({"preset": "aws", "gpuClasses": {"x": "NVIDIA-*"}}, ['spec.gpuClasses.x: is "NVIDIA-*", not a mapping']),
        ({"preset": "aws", "gpuClasses": ["x"]}, ["spec.gpuClasses: is a list, not a mapping; write a mapping: {name: {...}}"]),
        (classes(a=["V100-*"], b=["V100-*"]), ["spec.gpuClasses.b.match[0]: V100-* takes products of class a too (V100-*)"]),
        ({"levels": {"s1": ["a"]}, "gpuClasses": {"a": {"match": ["V100-*"]}, "b": {"match": ["*-32GB"]}}}, ["spec.gpuClasses.b.match[0]: *-32GB takes products of class a too"]),
        (classes(big=["*-80GB"]), ["spec.gpuClasses.big.match[0]: *-80GB takes products of the preset's class a10 too"]),
        ({"preset": "aws", "reserve": {"high": 1.1}}, ["spec.reserve.high: is 1.1; write a number from 0 to 1"]),
        ({"preset": "aws", "reserve": {"low": 1, "medium": 1, "high": 1}}, ["spec.reserve: keeps back every GPU"]),
        (None, ["spec: is empty, not a mapping"]),
        ({"preset": "awz", "reserve": {"low": -1}, "gpuClasses": {"x": {"match": []}}}, ["spec.reserve.low: is -1", 'spec.preset: is "awz"', "spec.gpuClasses.x.match: has no pattern"]),
    ],
)  # fmt: skip
def test_all_faults_of_a_profile_are_found_at_once(data: object, expected: list[str]) -> None:
    spec, faults = read_profile(data)
    assert spec is None
    assert [str(fault)[: len(start)] for fault, start in zip(faults, expected, strict=True)] == expected


@pytest.mark.parametrize(
    "fine",
    [
        classes(h20=["NVIDIA-H20*"]),  # the preset's h200 says more, and wins
        classes(h20=["NVIDIA-H20*"], h200=["NVIDIA-H200*"]),
        classes(slices=["*-MIG-1g.5gb"], shared=["*-SHARED"]),  # taken by no pattern that does not name them
        {"preset": "aws", "gpuClasses": {"h100": {"label": "node.kubernetes.io/instance-type", "match": ["p5.*"]}}},
    ],
)
def test_a_more_exact_pattern_is_no_overlap(fine: dict[str, Any]) -> None:
    assert read_profile(fine)[1] == ()


GLOBS = st.text(st.sampled_from("ab*"), min_size=1, max_size=6)
PRODUCTS = st.text(st.sampled_from("ab"), max_size=8)


@given(GLOBS, GLOBS, PRODUCTS)
def test_overlap_and_containment_agree_with_matching(one: str, other: str, product: str) -> None:
    if covers(one, product) and covers(other, product):
        assert meet(one, other)
    if contains(one, other) and covers(other, product):
        assert covers(one, product)
    assert meet(one, other) == meet(other, one)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["preset", "levels", "s1", "gpuClasses", "match", "label", "reserve", "low", "h100"]), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_no_data_make_the_reader_of_profiles_raise(data: object) -> None:
    spec, faults = read_profile(data)
    assert (spec is None) == bool(faults)
