import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.edge.cluster_list import FAULTS_MAX, ListRead, read_list

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {"zone": "z1"}}, "status": {"allocatable": {"nvidia.com/gpu": "8"}}}  # fmt: skip
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1", "namespace": "llm"}, "spec": {"nodeName": "n1"}}
LIST = {"apiVersion": "v1", "kind": "List", "items": [NODE, POD]}


def names(read: ListRead) -> tuple[list[str], list[str]]:
    return [one["metadata"]["name"] for one in read.nodes], [one["metadata"]["name"] for one in read.pods]


def said(read: ListRead) -> list[str]:
    return [f"{fault.path}: {fault.wrong}" for fault in read.faults]


@pytest.mark.parametrize(
    "text",
    [
        yaml.safe_dump(LIST),
        json.dumps(LIST),
        "\n " + json.dumps(LIST, indent=2) + "\n",
        json.dumps({"kind": "NodeList", "items": [NODE]}) + json.dumps({"kind": "PodList", "items": [POD]}),
        yaml.safe_dump_all([NODE, POD]),
        yaml.safe_dump_all([None, {"kind": "List", "items": [NODE]}, {"kind": "List", "items": [POD]}]),
        json.dumps({"kind": "List", "items": [NODE, POD, {"kind": "Service"}]}),
    ],
)
def test_whatever_kubectl_prints_is_read_the_same(text: str) -> None:
    assert read_list(text) == ListRead(nodes=(NODE,), pods=(POD,))


def test_items_of_a_typed_list_need_no_kind() -> None:
    bare = {key: value for key, value in NODE.items() if key != "kind"}
    assert names(read_list(json.dumps({"kind": "NodeList", "items": [bare]}))) == (["n1"], [])


def test_times_stay_texts() -> None:
    read = read_list("kind: Pod\nmetadata: {name: p, creationTimestamp: 2026-11-21T18:00:00Z}\n")
    assert read.pods[0]["metadata"]["creationTimestamp"] == "2026-11-21T18:00:00Z"


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        (5, "items[1]: is the number 5, not an object"),
        ({"kind": "Node"}, "items[1].metadata.name: is missing"),
        ({"kind": "Pod", "metadata": {"name": ""}}, "items[1].metadata.name: is missing"),
        ({"kind": "Node", "metadata": {"name": "x", "labels": {"a": 1}}}, "items[1].metadata.labels: is no mapping of texts"),
        ({"kind": "Node", "metadata": {"name": "x", "labels": []}}, "items[1].metadata.labels: is no mapping of texts"),
        ({"kind": "Node", "metadata": {"name": "x"}, "spec": []}, "items[1].spec: or status is no object"),
        (NODE, "items[1].metadata.name: Node n1 is there a second time"),
    ],
)  # fmt: skip
def test_a_damaged_object_is_named_and_the_others_are_read(item: Any, fault: str) -> None:
    read = read_list(json.dumps({"kind": "List", "items": [NODE, item, POD]}))
    assert said(read) == [fault]
    assert names(read) == (["n1"], ["p1"])


def test_a_pod_may_have_the_name_of_one_in_another_namespace() -> None:
    other = POD | {"metadata": {"name": "p1", "namespace": "other"}}
    assert len(read_list(json.dumps({"kind": "List", "items": [POD, other]})).pods) == 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "document: is no JSON"),
        ("a: [", "document: is no YAML"),
        ("just text", 'document: is "just text"'),
        ("{}", "document: is an object without a kind"),
        ("kind: List\nitems: {}", "items: is a mapping, not a list"),
        ('{"kind": "List", "items": ' + "[" * 100_000, "document: nests too deeply"),
        ("kind: !!python/object:os.system {}", "document: is no YAML"),
        ("\x00", "document: is no YAML"),
    ],
)
def test_what_is_no_list_is_a_fault(text: str, fault: str) -> None:
    (found,) = said(read_list(text))
    assert found.startswith(fault)


def test_what_comes_before_the_damage_is_kept() -> None:
    read = read_list(json.dumps(NODE) + "{")
    assert names(read) == (["n1"], [])
    assert len(read.faults) == 1


def test_faults_are_bounded() -> None:
    assert len(read_list(json.dumps({"kind": "List", "items": [{"kind": "Node"}] * 500})).faults) == FAULTS_MAX


@given(st.text(max_size=80) | st.lists(st.sampled_from(list("{}[]:,-&*!|>'\"\n \ta1<")), max_size=60).map("".join))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    read = read_list(text)
    assert (read.nodes, read.pods) == ((), ())
