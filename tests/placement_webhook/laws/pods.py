"""Pods, plans and counts drawn at random over the small cluster of the review pairs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.placement_webhook.edge.plan_text import CLASSES, PRODUCT, S1, S2
from tests.placement_webhook.pair_fixtures import NODES, PLANS, ZONE

VALUES = {
    ZONE: ["z1", "z2", "z9"],
    S2: ["s2-1", "s2-2", "s2-9"],
    S1: ["s1-1", "s1-2", "s1-3", "s1-4", "s1-5"],
    PRODUCT: [*CLASSES.values(), "NVIDIA-B200"],
    "disk": ["ssd", "hdd"],
    "absent": ["here"],
    "kubernetes.io/hostname": [*NODES, "nowhere"],
}


@st.composite
def requirements(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from([*VALUES, "gpu-generation"]))
    if key == "gpu-generation":
        operator = draw(st.sampled_from(["Gt", "Lt"]))
        return {"key": key, "operator": operator, "values": [draw(st.sampled_from(["7", "8", "9"]))]}
    operator = draw(st.sampled_from(["In", "In", "NotIn", "Exists", "DoesNotExist"]))
    if operator in ("Exists", "DoesNotExist"):
        return {"key": key, "operator": operator}
    values = draw(st.lists(st.sampled_from(VALUES[key]), min_size=1, max_size=3, unique=True))
    return {"key": key, "operator": operator, "values": values}


@st.composite
def terms(draw: st.DrawFn) -> dict[str, Any]:
    term: dict[str, Any] = {}
    if draw(st.booleans()) or draw(st.booleans()):
        term["matchExpressions"] = draw(st.lists(requirements(), max_size=3))
    if draw(st.integers(0, 5)) == 0:
        names = draw(st.lists(st.sampled_from([*NODES, "nowhere"]), min_size=1, max_size=3, unique=True))
        term["matchFields"] = [{"key": "metadata.name", "operator": "In", "values": names}]
    return term


def preferences() -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {
            "weight": st.integers(1, 100),
            "preference": st.fixed_dictionaries({"matchExpressions": st.lists(requirements(), min_size=1, max_size=2)}),
        }
    )
    return st.lists(one, max_size=2)


UNKNOWN_FIELDS = st.dictionaries(st.sampled_from(["x-new", "a/b~c", "futureField"]), st.integers(0, 3), max_size=2)


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    """A pod of the service `chat` with a rule of its author's, fields nobody knows, and empty things that are null."""
    spec: dict[str, Any] = {
        "containers": [{"name": "engine", "resources": {"limits": {"nvidia.com/gpu": "4"}}}],
        **draw(UNKNOWN_FIELDS),
    }
    metadata: dict[str, Any] = {
        "generateName": "chat-",
        "labels": {"app": "chat", "llm-d.ai/role": draw(st.sampled_from(["prefill", "decode"]))},
        **draw(UNKNOWN_FIELDS),
    }
    if draw(st.booleans()):
        metadata["annotations"] = draw(st.none() | st.dictionaries(st.sampled_from(["a/b", "note"]), st.just("x")))
    if draw(st.integers(0, 2)) == 0:
        key = draw(st.sampled_from(list(VALUES)))
        spec["nodeSelector"] = {key: draw(st.sampled_from(VALUES[key]))}
    if draw(st.integers(0, 3)) > 0:
        spec["affinity"] = draw(affinities())
    if draw(st.integers(0, 4)) == 0:
        spec["schedulingGates"] = [{"name": "example.com/quota"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, **draw(UNKNOWN_FIELDS)}


@st.composite
def affinities(draw: st.DrawFn) -> dict[str, Any] | None:
    if draw(st.integers(0, 5)) == 0:
        return None
    node_affinity: dict[str, Any] = {}
    if draw(st.booleans()):
        node_affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {
            "nodeSelectorTerms": draw(st.lists(terms(), min_size=1, max_size=4))
        }
    if draw(st.booleans()):
        node_affinity["preferredDuringSchedulingIgnoredDuringExecution"] = draw(preferences())
    return {"nodeAffinity": node_affinity, **draw(UNKNOWN_FIELDS)}


PLACING = [
    "two groups",
    "three domains",
    "same leaf under two spines",
    "a mixed S1 left out",
    "decode only adopted",
    "exact",
]
PLAN_NAMES = st.sampled_from(PLACING) | st.sampled_from(sorted(PLANS))


@st.composite
def seen_counts(draw: st.DrawFn) -> dict[str, dict[str, int]]:
    """Pods there already: per group and role."""
    groups = draw(st.lists(st.sampled_from(["chat-a", "chat-b", "chat-c"]), unique=True))
    return {group: {draw(st.sampled_from(["prefill", "decode"])): draw(st.integers(1, 13))} for group in groups}
