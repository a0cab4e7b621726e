"""What holds for every admission, whatever the pod's author wrote and whatever the plan says."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonpatch
from hypothesis import event, given
from hypothesis import strategies as st

from disaggregated_service.edge.cluster_list import read_list
from disaggregated_service.edge.plan_stream import read_plan
from placement_webhook.core.author_rule import TERMS_MAX
from placement_webhook.core.json_patch import applied
from placement_webhook.core.memo import Memo
from placement_webhook.core.node_index import NodeIndex, build_index
from placement_webhook.core.placement import ANNOTATION, GATE, Counts, Leave, Placed, PlacementMemo, place
from placement_webhook.core.reason import Reason
from placement_webhook.core.view import PlacementView
from placement_webhook.edge.cluster_view import known_nodes, pods_by_group
from placement_webhook.edge.review_body import decoded
from tests.placement_webhook.edge.plan_text import CLASSES, PRODUCT
from tests.placement_webhook.laws.affinity import REQUIRED, allowed
from tests.placement_webhook.laws.pods import PLAN_NAMES, pods, seen_counts
from tests.placement_webhook.pair_fixtures import PLANS, nodes_text, plan_text, seen

CLASS_OF = {"prefill": CLASSES["h100"], "decode": CLASSES["h20"]}
Seen = Mapping[str, Mapping[str, int]]


@cache
def view_of(plan: str) -> PlacementView:
    read = read_plan(plan_text(plan))
    assert read.faults == ()
    return PlacementView(services=tuple((one.service, one.groups) for one in read.services), profiles=read.profiles)


@cache
def cluster() -> tuple[NodeIndex, Mapping[str, Mapping[str, str]]]:
    nodes = known_nodes(read_list(nodes_text([])).nodes)
    return build_index(nodes), {node.name: node.labels for node in nodes}


def counted(plan: str, there: Seen) -> Counts:
    listed = [
        pod for group, roles in there.items() for role, count in roles.items() for pod in seen(group, role, count)
    ]
    return pods_by_group(listed, view_of(plan), cluster()[0])


def admitted(plan: str, pod: Mapping[str, Any], there: Seen, memo: PlacementMemo | None = None) -> Placed | Leave:
    return place(pod, "llm", view_of(plan), cluster()[0], counted(plan, there), memo=memo)


def after(pod: Any, outcome: Placed | Leave) -> Any:
    return pod if isinstance(outcome, Leave) else applied(pod, outcome.patch)


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_nodes_allowed_after_are_a_subset_of_those_before(plan: str, pod: dict[str, Any], there: Seen) -> None:
    outcome = admitted(plan, pod, there)
    event(outcome.reason.value)
    assert allowed(after(pod, outcome), cluster()[1]) <= allowed(pod, cluster()[1])


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_the_result_is_never_empty(plan: str, pod: dict[str, Any], there: Seen) -> None:
    if allowed(pod, cluster()[1]):
        assert allowed(after(pod, admitted(plan, pod, there)), cluster()[1])


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_every_node_allowed_is_in_a_group_and_of_the_roles_class(plan: str, pod: dict[str, Any], there: Seen) -> None:
    outcome = admitted(plan, pod, there)
    if isinstance(outcome, Leave):
        return
    role = pod["metadata"]["labels"]["llm-d.ai/role"]
    groups = [group for group in PLANS[plan]["status"]["placement"]["groups"] if group["domain"]]
    for name in allowed(after(pod, outcome), cluster()[1]):
        labels = cluster()[1][name]
        assert labels[PRODUCT] == CLASS_OF[role]
        assert any(in_domain(labels, group) for group in groups)


def in_domain(labels: Mapping[str, str], group: Mapping[str, Any]) -> bool:
    left_out = group.get("except") or {"key": "", "values": []}
    return (
        all(labels.get(label["key"]) == label["value"] for label in group["domain"])
        and labels.get(left_out["key"]) not in left_out["values"]
    )


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_admitting_twice_changes_nothing(plan: str, pod: dict[str, Any], there: Seen) -> None:
    once = after(pod, admitted(plan, pod, there))
    assert after(once, admitted(plan, once, there)) == once


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_the_patch_applies_by_an_independent_engine_to_the_raw_input(
    plan: str, pod: dict[str, Any], there: Seen
) -> None:
    raw = json.dumps(pod)
    outcome = admitted(plan, pod, there)
    if isinstance(outcome, Leave):
        return
    independently = jsonpatch.apply_patch(json.loads(raw), json.loads(json.dumps(list(outcome.patch))))
    assert independently == after(pod, outcome)


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_what_the_author_wrote_and_what_nobody_knows_survives(plan: str, pod: dict[str, Any], there: Seen) -> None:
    before = copy.deepcopy(pod)
    changed = after(pod, admitted(plan, pod, there))
    assert pod == before
    assert without_ours(changed, before) == without_ours(before, before)
    rule = required_of(before)
    if rule is None or changed is pod:
        return
    for term in rule["nodeSelectorTerms"]:  # each of the author's terms is in at least one of the new ones
        assert any(contains(new, term) for new in required_of(changed)["nodeSelectorTerms"])


def without_ours(pod: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The pod less what we may add: our annotation, our gate, required terms and what follows the author's preferences."""
    copied: dict[str, Any] = copy.deepcopy(dict(pod))
    annotations = copied["metadata"].pop("annotations", None) or {}
    copied["metadata"]["annotations"] = {key: value for key, value in annotations.items() if key != ANNOTATION}
    gates = copied["spec"].pop("schedulingGates", None) or []
    copied["spec"]["schedulingGates"] = [gate for gate in gates if gate != {"name": GATE}]
    affinity = copied["spec"].pop("affinity", None) or {}
    node_affinity = affinity.pop("nodeAffinity", None) or {}
    node_affinity.pop(REQUIRED, None)
    preferred = node_affinity.pop("preferredDuringSchedulingIgnoredDuringExecution", None) or []
    own = ((before["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "preferredDuringSchedulingIgnoredDuringExecution"
    ) or []
    copied["spec"]["affinity"] = {**affinity, "nodeAffinity": {**node_affinity, "preferred": preferred[: len(own)]}}
    return copied


def required_of(pod: Mapping[str, Any]) -> Any:
    return ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)


def contains(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    expressions = new.get("matchExpressions") or []
    return (new.get("matchFields") or []) == (old.get("matchFields") or []) and all(
        one in expressions for one in old.get("matchExpressions") or []
    )


@given(
    plan=PLAN_NAMES, pod=pods(), there=seen_counts(), stranger=st.sampled_from(["label", "namespace", "gpu", "skip"])
)
def test_a_pod_that_is_not_ours_gets_no_patch(plan: str, pod: dict[str, Any], there: Seen, stranger: str) -> None:
    namespace = "llm"
    match stranger:
        case "label":
            pod["metadata"]["labels"]["app"] = "other"
        case "namespace":
            namespace = "other"
        case "gpu":
            pod["spec"]["containers"][0]["resources"] = {}
        case _:
            pod["metadata"]["annotations"] = {"heteroscale.dev/skip-placement": "true"}
    before = json.dumps(pod)
    outcome = place(pod, namespace, view_of(plan), cluster()[0], counted(plan, there))
    assert isinstance(outcome, Leave)
    assert outcome.reason in (Reason.NOT_A_ROLE, Reason.NO_GPU, Reason.SKIPPED)
    assert json.dumps(pod) == before


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_there_are_never_more_terms_than_anybody_could_read(plan: str, pod: dict[str, Any], there: Seen) -> None:
    changed = after(pod, admitted(plan, pod, there))
    if changed is not pod:
        assert len(required_of(changed)["nodeSelectorTerms"]) <= TERMS_MAX


@given(plan=PLAN_NAMES, several=st.lists(pods(), min_size=1, max_size=4), there=seen_counts())
def test_what_was_found_before_changes_nothing(plan: str, several: list[dict[str, Any]], there: Seen) -> None:
    memo: PlacementMemo = Memo()
    for pod in [*several, *several]:
        assert admitted(plan, pod, there, memo) == admitted(plan, pod, there)


@given(plan=PLAN_NAMES, pod=pods(), there=seen_counts())
def test_a_review_read_in_part_gets_the_patch_of_the_whole_pod(plan: str, pod: dict[str, Any], there: Seen) -> None:
    review: Any = decoded(json.dumps({"request": {"uid": "u", "object": pod}}).encode())
    assert admitted(plan, review["request"]["object"], there) == admitted(plan, pod, there)
