from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.pod_labels import Owners
from heteroscale.inventory.cluster_file import read_inventory
from heteroscale.inventory.extended_resource import pod_requests
from heteroscale.inventory.node_record import node_record
from heteroscale.inventory.pod_record import pod_record
from heteroscale.inventory.running_pair import running_pairs
from tests.services import service

CHAT = service()
GPU = "nvidia.com/gpu"


def gpus(count: int, **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {GPU: str(count), "cpu": "4"}}, **more}


def pod(name: str = "p-0", **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "llm",
            "labels": {"app": "chat-70b", "llm-d.ai/role": "prefill"},
            **changes.get("metadata", {}),
        },
        "spec": {"nodeName": "n0", "containers": [gpus(4)], **changes.get("spec", {})},
        "status": {"phase": "Running", **changes.get("status", {})},
    }


@pytest.mark.parametrize(
    ("why", "spec", "expected"),
    [
        ("containers add up", {"containers": [gpus(1), gpus(2)]}, 3),
        ("an init container runs alone", {"initContainers": [gpus(8)], "containers": [gpus(4)]}, 8),
        ("two init containers run one after the other", {"initContainers": [gpus(3), gpus(2)], "containers": []}, 3),
        ("a sidecar stays", {"initContainers": [gpus(1, restartPolicy="Always")], "containers": [gpus(4)]}, 5),
        (
            "an init container runs beside the sidecars before it, not after it",
            {
                "initContainers": [gpus(1, restartPolicy="Always"), gpus(5), gpus(1, restartPolicy="Always")],
                "containers": [gpus(1)],
            },
            6,
        ),
        ("a limit alone is a request", {"containers": [{"resources": {"limits": {GPU: 2}}}]}, 2),
        ("an unreadable quantity counts as none", {"containers": [{"resources": {"limits": {GPU: "two"}}}]}, 0),
        ("resources may be missing", {"containers": [{}]}, 0),
    ],
)
def test_a_pod_holds_what_the_scheduler_says_it_holds(why: str, spec: dict[str, Any], expected: int):
    assert pod_requests(spec).get(GPU, 0) == expected, why


def test_only_extended_resources_are_kept_and_thousands_are_understood():
    allocatable = {
        GPU: "8",
        "rdma/ib": "1k",
        "cpu": "96",
        "memory": "1Ti",
        "hugepages-2Mi": "0",
        "x.kubernetes.io/y": 1,
    }
    record = node_record({"metadata": {"name": "n0"}, "status": {"allocatable": allocatable}})
    assert record.allocatable == {GPU: 8, "rdma/ib": 1000}


@pytest.mark.parametrize(
    ("status", "spec", "placeable"),
    [("True", {}, True), ("False", {}, False), ("Unknown", {}, False), ("True", {"unschedulable": True}, False)],
)
def test_a_node_takes_pods_when_ready_and_not_cordoned(status: str, spec: dict[str, Any], placeable: bool):
    node = {"metadata": {"name": "n0"}, "spec": spec, "status": {"conditions": [{"type": "Ready", "status": status}]}}
    assert node_record(node).placeable is placeable


def test_a_finished_pod_holds_nothing_and_a_terminating_one_still_does():
    owners = Owners([CHAT])
    assert pod_record(pod(status={"phase": "Succeeded"}), owners) is None
    leaving = pod_record(pod(metadata={"deletionTimestamp": "2026-11-25T09:00:00Z"}), owners)
    assert leaving is not None
    assert leaving.terminating
    assert leaving.requests == {GPU: 4}


def test_a_pod_knows_its_service_and_role_and_a_stranger_only_what_it_holds():
    owners = Owners([CHAT])
    ours = pod_record(pod(), owners)
    stranger = pod_record(pod(metadata={"labels": {"app": "else"}}), owners)
    web = pod_record(pod(metadata={"labels": {}}, spec={"containers": [{}]}), owners)
    assert ours is not None
    assert (ours.service, ours.role) == (ServiceKey("llm", "chat-70b"), Role.PREFILL)
    assert stranger is not None
    assert stranger.service is None
    assert web is None


def test_a_leader_worker_set_counts_whole_groups():
    wide = service(roles={"prefill": {"nodesPerReplica": 2, "gpusPerReplica": 16}})
    lws = "leaderworkerset.sigs.k8s.io"
    labels = {"app": "chat-70b", "llm-d.ai/role": "prefill", f"{lws}/name": "chat"}
    pods = [
        pod(f"chat-{group}-{worker}", metadata={"labels": {**labels, f"{lws}/group-index": str(group)}})
        for group, worker in ((0, 0), (0, 1), (1, 0))
    ]
    records = [found for one in pods if (found := pod_record(one, Owners([wide]))) is not None]
    assert running_pairs([wide], records) == {wide.key: Pair(1, 0)}
    assert [record.ordinal for record in records] == [0, 0, 1]


def test_what_runs_is_bound_and_not_leaving():
    records = [
        found
        for one in (pod("a"), pod("b", spec={"nodeName": ""}), pod("c", metadata={"deletionTimestamp": "now"}))
        if (found := pod_record(one, Owners([CHAT]))) is not None
    ]
    assert running_pairs([CHAT], records)[CHAT.key] == Pair(1, 0)


def test_a_file_that_is_not_there_is_a_fault_that_says_what_to_name(tmp_path: Path):
    (fault,) = read_inventory(tmp_path / "none.yaml", []).faults
    assert "kubectl get nodes,pods" in str(fault)
