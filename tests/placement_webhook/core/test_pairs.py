"""Every review pair through the pure function, and the laws that each of them has to keep on top."""

from __future__ import annotations

import copy
import json
import os
from typing import Any

import jsonpatch
import pytest

from disaggregated_service.edge.cluster_list import read_list
from disaggregated_service.edge.plan_stream import read_plan
from placement_webhook.core.node_index import build_index
from placement_webhook.core.placement import Leave, Placed, place
from placement_webhook.core.view import PlacementView
from placement_webhook.edge.cluster_view import known_nodes, pods_by_group
from tests.placement_webhook.review_pair import FOLDER, Pair, all_pairs, written

PAIRS = all_pairs()


def outcome_of(pair: Pair, pod: Any) -> Placed | Leave:
    plan = read_plan(pair.plan_text)
    assert plan.faults == ()
    view = PlacementView(services=tuple((one.service, one.groups) for one in plan.services), profiles=plan.profiles)
    cluster = read_list(pair.nodes_text)
    nodes = build_index(known_nodes(cluster.nodes))
    return place(pod, pair.namespace, view, nodes, pods_by_group(cluster.pods, view, nodes))


def shown(outcome: Placed | Leave) -> dict[str, Any]:
    if isinstance(outcome, Leave):
        return {"reason": outcome.reason.value}
    patch = json.loads(json.dumps(list(outcome.patch)))
    return {"reason": outcome.reason.value, "groups": list(outcome.groups), "patch": patch}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_pod_becomes_what_its_file_expects(pair: Pair) -> None:
    before = copy.deepcopy(pair.pod)
    outcome = outcome_of(pair, pair.pod)
    if os.environ.get("REWRITE_PAIRS") == "1":
        path = FOLDER / f"{pair.name}.yaml"
        path.write_text(written(path, shown(outcome)))
        return
    assert shown(outcome) == pair.expected
    assert pair.pod == before


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_patch_applies_by_an_independent_engine_and_twice_is_once(pair: Pair) -> None:
    outcome = outcome_of(pair, pair.pod)
    if isinstance(outcome, Leave):
        return
    patched = jsonpatch.apply_patch(copy.deepcopy(pair.pod), json.loads(json.dumps(list(outcome.patch))))
    assert isinstance(outcome_of(pair, patched), Leave)
    assert all(operation["op"] == "add" for operation in outcome.patch)


def test_there_are_at_least_forty_pairs() -> None:
    assert len(PAIRS) >= 40
