"""A cluster, its services and what a planning cycle made of them, written so that a worked case fits a screen.

Nodes, one line a leaf (zone/S2/S1: class GPUs x nodes), `-` where a label is missing. A node is named after its leaf
and counts on over the whole text, also over leaves of the same name:

    z1/a/a1: h100 8x2, h20 8x4 no-rdma        a1.1 and a1.2 with H100, a1.3 to a1.6 with H20
    -/-/-: h20 8x1 drained                    bare.1

Services, pods (each of the nodes named gets so many) and moves, one a line:

    chat: 4g h100|h200 + 4g h20, s2, medium, degrade, 1:3, priority 200
    big: 16g/2n h100 + 8g h20, s1, on racks   a prefill replica of two whole nodes, nodes by the profile racks
    chat prefill 2 @ a1.1
    chat decode 1 @ a1.3 a1.4 terminating
    moe prefill/attention#0 2 @ a1.1          of the component attention, of the replica 0
    stranger 4g @ a1.1                        a pod of somebody else
    chat 4P 12D -> 6P 18D
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import GpuClass, TopologyProfile
from prescheduler.core.record import NodeRecord, PodRecord
from tests.services import service

ZONE, S2, S1 = "topology.kubernetes.io/zone", "fabric.example/tier-1", "fabric.example/tier-0"
GPU, RDMA = "nvidia.com/gpu", "rdma/ib"
PRODUCT = "nvidia.com/gpu.product"
CLASSES = ("a100", "h100", "h20", "h200", "l20")
FABRIC = TopologyProfile(
    name="fabric",
    s1=(S1,),
    s2=(S2,),
    upper=(ZONE,),
    classes=tuple((name, GpuClass(match=(f"NVIDIA-{name.upper()}", f"NVIDIA-{name.upper()}-*"))) for name in CLASSES),
)
NAMESPACE = "llm"

_NODES = re.compile(r"(?P<product>\S+) (?P<gpus>\d+)x(?P<nodes>\d+)(?P<flags>( \S+)*)")
_ROLE = re.compile(r"(?P<gpus>\d+)g(?P<nodes>/\d+n)?( (?P<classes>[a-z][\w|]*))?( \[(?P<components>[^\]]+)\])?")
_POD = re.compile(r"(?P<who>\S+) ((?P<gpus>\d+)g|(?P<part>\S+) (?P<count>\d+)) @ (?P<where>.+)")
_PAIR = re.compile(r"(?P<prefill>\d+)P (?P<decode>\d+)D")


def lines(text: str) -> Iterator[str]:
    """Its lines that say something."""
    for line in text.splitlines():
        if written := line.split("  # ")[0].strip():
            yield written


def nodes_of(text: str) -> dict[str, NodeRecord]:
    """Nodes by name."""
    counts: Counter[str] = Counter()
    found: dict[str, NodeRecord] = {}
    for line in lines(text):
        path, _, described = line.partition(": ")
        labels = {key: value for key, value in zip((ZONE, S2, S1), path.split("/"), strict=True) if value != "-"}
        leaf = next((labels[key] for key in (S1, S2) if key in labels), "bare")
        for each in described.split(", "):
            match = _matched(_NODES, each)
            for _ in range(int(match["nodes"])):
                counts[leaf] += 1
                name = f"{leaf}.{counts[leaf]}"
                found[name] = _node(name, labels, match["product"], int(match["gpus"]), match["flags"].split())
    return found


def _node(name: str, labels: Mapping[str, str], product: str, gpus: int, flags: list[str]) -> NodeRecord:
    written = f"NVIDIA-{product.upper()}" if product.partition("-")[0] in CLASSES else product
    extra = dict(flag.split("=") for flag in flags if "=" in flag)
    rdma = {} if "no-rdma" in flags else {RDMA: 8}
    return NodeRecord(
        name=name,
        labels={**labels, PRODUCT: written, **extra},
        allocatable={GPU: gpus, **rdma},
        placeable="drained" not in flags,
    )


def services_of(text: str) -> dict[str, DisaggregatedService]:
    """Services by name, in the order of priority."""
    found = [_service(line) for line in lines(text)]
    return {one.key.name: one for one in sorted(found, key=lambda one: (-one.spec.priority, one.key))}


def _service(line: str) -> DisaggregatedService:
    name, _, described = line.partition(": ")
    pools, *options = described.split(", ")
    prefill, _, decode = pools.partition(" + ")
    placement: dict[str, Any] = {"topologyProfile": FABRIC.name}
    changes: dict[str, Any] = {"placement": placement}
    for option in options:
        if option in ("s1", "s2", "cluster", "none"):
            placement["affinity"] = option
        elif option in ("low", "medium", "high"):
            placement["maxTier"] = option
        elif option in ("wait", "provision", "degrade"):
            placement["onExhausted"] = option
        elif option.startswith("on "):
            placement["topologyProfile"] = option.removeprefix("on ")
        elif option.startswith("priority "):
            changes["priority"] = int(option.removeprefix("priority "))
        elif option.startswith("deadline "):
            changes["load"] = {"progressDeadline": option.removeprefix("deadline ")}
        else:
            changes["ratio"] = _ratio(option)
    if "affinity" not in placement:
        changes["placement"] = {}
    roles = {"prefill": _role(name, "prefill", prefill), "decode": _role(name, "decode", decode)}
    return service(name=name, namespace=NAMESPACE, unchecked=True, roles=roles, **changes)


def _ratio(written: str) -> dict[str, Any]:
    if ".." in written:
        least, _, most = written.partition("..")
        return {"mode": "measured", "min": least, "max": most}
    prefill, _, decode = written.partition(":")
    return {"prefill": int(prefill), "decode": int(decode)}


def _role(service_name: str, role: str, written: str) -> dict[str, Any]:
    match = _matched(_ROLE, written)
    pool: dict[str, Any] = {
        "gpusPerReplica": int(match["gpus"]),
        "maxReplicas": 10_000,
        "podLabels": {"app": service_name, "role": role},
    }
    if match["nodes"]:
        pool["nodesPerReplica"] = int(match["nodes"].strip("/n"))
    if match["classes"]:
        pool["gpuClasses"] = match["classes"].split("|")
    if match["components"]:
        parts = (part.split("*") for part in match["components"].split())
        pool["components"] = [
            {"name": name, "count": int(count), "target": {"name": f"{service_name}-{role}-{name}"}}
            for name, count in parts
        ]
    return pool


def pods_of(text: str, services: Mapping[str, DisaggregatedService], first: int = 0) -> list[PodRecord]:
    """Bound pods, numbered from `first`."""
    pods: list[PodRecord] = []
    for line in lines(text):
        match = _matched(_POD, line)
        *nodes, last = match["where"].split()
        terminating = last == "terminating"
        for node in nodes if terminating else [*nodes, last]:
            for _ in range(int(match["count"] or 1)):
                number = first + len(pods)
                if match["gpus"]:
                    pods.append(stranger(number, node, int(match["gpus"]), terminating=terminating))
                else:
                    pods.append(pod(services[match["who"]], match["part"], number, node, terminating=terminating))
    return pods


def stranger(number: int, node: str, gpus: int, *, terminating: bool = False) -> PodRecord:
    """A pod of nobody that is planned for."""
    return PodRecord(
        namespace="others", name=f"stranger-{number}", uid=str(number), node=node, requests={GPU: gpus},
        terminating=terminating,
    )  # fmt: skip


def pod(
    owner: DisaggregatedService, part: str, number: int, node: str, *, terminating: bool = False, group: str = ""
) -> PodRecord:
    """A pod of a replica. part: `prefill`, `prefill#1` of a replica with several, `prefill/attention#1`."""
    written, _, replica = part.partition("#")
    role, _, component = written.partition("/")
    spec = owner.spec.roles.of(Role(role))
    pods = sum(each.count for each in spec.components) or spec.nodes_per_replica
    return PodRecord(
        namespace=NAMESPACE, name=f"{owner.key.name}-{role}-{number}", uid=str(number), node=node,
        requests={GPU: spec.gpus_per_replica // pods, RDMA: 1}, service=owner.key, role=Role(role),
        component=component, replica=replica, terminating=terminating, group=group,
    )  # fmt: skip


def pair_of(written: str) -> Pair:
    """`4P 12D`."""
    match = _matched(_PAIR, written.strip())
    return Pair(int(match["prefill"]), int(match["decode"]))


def moves_of(text: str, in_force: Mapping[str, Pair]) -> dict[str, tuple[Pair, Pair]]:
    """From and to, by service: `chat 0P 0D -> 4P 12D`, or `chat 4P 12D` from what was granted last."""
    moves: dict[str, tuple[Pair, Pair]] = {}
    for line in lines(text):
        name, _, written = line.partition(" ")
        start, arrow, end = written.rpartition("-> ")
        moves[name] = (pair_of(start) if arrow else in_force.get(name, Pair(0, 0)), pair_of(end))
    return moves


def key_of(name: str) -> ServiceKey:
    return ServiceKey(NAMESPACE, name)


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        message = f"{text!r} is not written as {pattern.pattern}"
        raise ValueError(message)
    return match
