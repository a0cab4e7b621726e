"""Gated pods as the API server has them, and what Kubernetes lets a gated pod become, from its documentation alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import jsonpatch

from placement_webhook.core.exact import GatedPod, Ungate, Wait
from placement_webhook.core.json_patch import applied
from placement_webhook.core.placement import GATE, Placed
from tests.placement_webhook.laws.affinity import REQUIRED
from tests.placement_webhook.laws.test_admission_laws import admitted

Outcome = Ungate | Wait


def plain(role: str, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "chat", "llm-d.ai/role": role}},
        "spec": {"containers": [{"name": "engine", "resources": {"limits": {"nvidia.com/gpu": "4"}}}], **spec},
    }


def gated(pod: Mapping[str, Any], uid: str, waiting_s: float = 0.0, plan: str = "exact") -> GatedPod:
    """The pod after its admission; gated by hand where the admission left it alone."""
    copied = json.loads(json.dumps(pod))
    outcome = admitted(plan, copied, {})
    after = applied(copied, outcome.patch) if isinstance(outcome, Placed) else copied
    gates = after["spec"].get("schedulingGates") or []
    if {"name": GATE} not in gates:
        after["spec"]["schedulingGates"] = [*gates, {"name": GATE}]
    after["metadata"] |= {"uid": uid, "name": f"chat-{uid}"}
    return GatedPod(namespace="llm", pod=json.loads(json.dumps(after)), waiting_s=waiting_s)


def patched(one: GatedPod, outcome: Outcome) -> dict[str, Any]:
    """The pod as an independent engine makes it; as it was where it waits."""
    operations = list(outcome.patch) if isinstance(outcome, Ungate) else []
    after: dict[str, Any] = jsonpatch.apply_patch(dict(one.pod), json.loads(json.dumps(operations)))
    return after


def shown(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """uid: group or reason."""
    return {one.uid: (one.group if isinstance(one, Ungate) and one.group else one.why.value) for one in outcomes}


def assert_kubernetes_takes_it(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """KEP-3838: gates only go; a node selector only gains; terms stay as many, each with its own requirements first."""
    gates = [gate["name"] for gate in before["spec"]["schedulingGates"]]
    assert [gate["name"] for gate in after["spec"]["schedulingGates"]] == [name for name in gates if name != GATE]
    selector = after["spec"].get("nodeSelector") or {}
    assert (before["spec"].get("nodeSelector") or {}).items() <= selector.items()
    old, new = terms_of(before), terms_of(after)
    if old is not None:
        assert new is not None
        assert len(new) == len(old)
        for was, becomes in zip(old, new, strict=True):
            for part in ("matchExpressions", "matchFields"):
                own = was.get(part) or []
                assert (becomes.get(part) or [])[: len(own)] == own
            assert any(was.values()) or not any(becomes.values())  # an empty one stays empty
    assert unchangeable(after) == unchangeable(before)


def unchangeable(pod: Mapping[str, Any]) -> dict[str, Any]:
    spec = {key: value for key, value in pod["spec"].items() if key not in ("affinity", "schedulingGates")}
    affinity = pod["spec"].get("affinity") or {}
    return {**spec, "affinity": {key: value for key, value in affinity.items() if key != "nodeAffinity"}}


def terms_of(pod: Mapping[str, Any]) -> Any:
    required = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)
    return None if required is None else required["nodeSelectorTerms"]
