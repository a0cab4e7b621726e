"""Which gated pods go where: tables. Group chat-a has places for 4P 12D, chat-b for 2P 6D."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest

from placement_webhook.core.exact import GatedPod, Ungate, Wait, ungate
from placement_webhook.core.placement import GATE
from placement_webhook.core.view import PlacementView
from tests.placement_webhook.laws.affinity import allowed
from tests.placement_webhook.laws.gated import assert_kubernetes_takes_it, gated, patched, plain, shown
from tests.placement_webhook.laws.test_admission_laws import Seen, cluster, counted, view_of
from tests.placement_webhook.pair_fixtures import TWO_NODES

NOBODY: Seen = {}


def burst(prefill: int, decode: int, waiting_s: float = 0.0, **spec: Any) -> list[GatedPod]:
    return [
        gated(plain(role, **spec), f"{role[0]}{number:02}", waiting_s)
        for role, count in (("prefill", prefill), ("decode", decode))
        for number in range(count)
    ]


def decided(pods: list[GatedPod], plan: str = "exact", seen: Seen = NOBODY) -> tuple[Ungate | Wait, ...]:
    there = {f"chat-{group}": roles for group, roles in seen.items()}
    return ungate(pods, view_of(plan), cluster()[0], counted(plan, there))


def tally(outcomes: tuple[Ungate | Wait, ...]) -> dict[str, int]:
    """How many of a role, by its first letter, got what."""
    found: dict[str, int] = {}
    for uid, what in shown(outcomes).items():
        key = f"{uid[0]} {what}"
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize(
    ("burst_of", "seen", "expected"),
    [
        ((6, 18), {}, {"p chat-a": 4, "d chat-a": 12, "p chat-b": 2, "d chat-b": 6}),
        ((1, 3), {}, {"p chat-a": 1, "d chat-a": 3}),
        ((1, 2), {}, {"p half": 1, "d half": 2}),
        ((2, 5), {}, {"p chat-a": 1, "d chat-a": 3, "p half": 1, "d half": 2}),
        ((0, 3), {}, {"d half": 3}),
        ((1, 3), {"a": {"prefill": 4, "decode": 12}}, {"p chat-b": 1, "d chat-b": 3}),
        ((0, 2), {"a": {"prefill": 4, "decode": 10}}, {"d chat-a": 2}),  # a role that lacks alone has no other half
        ((0, 1), {"a": {"prefill": 3, "decode": 11}}, {"d half": 1}),
        ((1, 1), {"a": {"prefill": 3, "decode": 11}}, {"p chat-a": 1, "d chat-a": 1}),
        ((1, 0), {"a": {"prefill": 4, "decode": 12}, "b": {"prefill": 2, "decode": 6}}, {"p surplus": 1}),
    ],
)
def test_whole_bundles_go_and_halves_wait(
    burst_of: tuple[int, int], seen: dict[str, dict[str, int]], expected: dict[str, int]
) -> None:
    assert tally(decided(burst(*burst_of), seen=seen)) == expected


def test_pods_are_taken_by_uid_whatever_order_they_come_in() -> None:
    pods = burst(2, 5)
    assert decided(pods) == decided(pods[::-1])
    went = {one.uid for one in decided(pods) if isinstance(one, Ungate)}
    assert went == {"p00", "d00", "d01", "d02"}


@pytest.mark.parametrize(("waiting_s", "expected"), [(29.9, "half"), (30.0, "deadline"), (900.0, "deadline")])
def test_after_the_deadline_a_half_takes_any_group(waiting_s: float, expected: str) -> None:
    pods = burst(0, 1, waiting_s)
    assert shown(decided(pods)) == {"d00": expected}
    assert allowed(patched(pods[0], decided(pods)[0]), cluster()[1]) == {"a2", "a3", "a4", "b2"}


def test_the_one_patch_narrows_to_the_group_names_it_and_opens_the_gate() -> None:
    pods = burst(1, 3, schedulingGates=[{"name": "example.com/quota"}])
    for one, outcome in zip(sorted(pods, key=lambda pod: pod.uid), decided(pods), strict=True):
        after = patched(one, outcome)
        assert_kubernetes_takes_it(one.pod, after)
        assert after["spec"]["schedulingGates"] == [{"name": "example.com/quota"}]
        assert after["metadata"]["labels"]["heteroscale.dev/deployment-group"] == "chat-a"
        assert allowed(after, cluster()[1]) == ({"a1"} if one.uid == "p00" else {"a2", "a3", "a4"})


def test_the_patch_does_not_apply_to_a_later_pod_of_the_name_nor_a_second_time() -> None:
    (one,) = burst(0, 1, 60.0)
    (outcome,) = decided([one])
    assert isinstance(outcome, Ungate)
    later = {**one.pod, "metadata": {**one.pod["metadata"], "uid": "another"}}
    for pod in (later, patched(one, outcome)):
        with pytest.raises((jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict)):
            jsonpatch.apply_patch(pod, json.loads(json.dumps(list(outcome.patch))))


def test_a_pod_that_fits_one_group_only_goes_there() -> None:
    only_b = [gated(plain("decode", nodeSelector={"kubernetes.io/hostname": "b2"}), f"d0{n}") for n in range(3)]
    outcomes = decided([*only_b, gated(plain("prefill"), "p00")], seen={"a": {"prefill": 4, "decode": 12}})
    assert tally(outcomes) == {"d chat-b": 3, "p chat-b": 1}


@pytest.mark.parametrize(
    "managed",
    [
        {"schedulerName": "volcano"},
        {"schedulingGates": [{"name": "kueue.x-k8s.io/topology"}]},
        {"workloadRef": {"a": 1}},
    ],
)
def test_a_pod_that_another_manager_places_gets_the_bound_at_once(managed: dict[str, Any]) -> None:
    pods = burst(0, 1, **managed)
    (outcome,) = decided(pods)
    assert shown([outcome]) == {"d00": "managed"}
    assert allowed(patched(pods[0], outcome), cluster()[1]) == {"a2", "a3", "a4", "b2"}


@pytest.mark.parametrize(("plan", "why"), [("two groups", "not_exact"), ("advisory", "not_exact")])
def test_the_gate_opens_where_the_service_left_exact_mode(plan: str, why: str) -> None:
    assert shown(decided(burst(0, 1), plan)) == {"d00": why}


def test_the_gate_of_a_pod_that_is_nobodys_opens_without_a_rule() -> None:
    pods = [gated({**plain("decode"), "metadata": {"labels": {"app": "gone"}}}, "d00")]
    (outcome,) = ungate(pods, PlacementView(), cluster()[0], {})
    assert isinstance(outcome, Ungate)
    assert [one["op"] for one in outcome.patch] == ["test", "test", "remove"]


def test_without_a_plan_pods_wait_until_the_deadline() -> None:
    assert shown(decided(burst(1, 0), "nothing planned")) == {"p00": "not_exact"}  # that plan's service is not exact
    assert shown(decided(burst(1, 0), "exact, nothing planned")) == {"p00": "no_group"}
    assert shown(decided(burst(1, 0, 30.0), "exact, nothing planned")) == {"p00": "deadline"}


def test_a_pod_without_our_gate_is_let_be() -> None:
    (one,) = burst(0, 1)
    bare = {**one.pod, "spec": {**one.pod["spec"], "schedulingGates": [{"name": f"{GATE}-not"}]}}
    assert decided([GatedPod(namespace="llm", pod=bare, waiting_s=99.0)]) == ()


def test_a_leader_brings_its_worker_and_a_worker_is_not_held() -> None:
    pods = [gated(plain("prefill"), "p00")]
    for uid, index in (("d00", "0"), ("d01", "0"), ("d02", "0"), ("w00", "1")):
        pod = plain("decode")
        pod["metadata"]["labels"]["leaderworkerset.sigs.k8s.io/worker-index"] = index
        pods.append(gated(pod, uid))
    outcomes = decided(pods, TWO_NODES)
    assert tally(outcomes) == {"p chat-a": 1, "d chat-a": 3, "w managed": 1}
