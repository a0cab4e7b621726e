"""Small fleets for the laws: a few leaves of a few nodes, services of several shapes, pods of strangers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hypothesis import strategies as st

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.cycle import plan
from prescheduler.core.plan import Plan, Request
from prescheduler.core.record import NodeRecord, PodRecord
from prescheduler.core.tier_memory import NOTHING_REMEMBERED, TierMemory
from prescheduler.core.topology import build
from prescheduler.core.usage import Usage
from tests.prescheduler.cluster_text import FABRIC, nodes_of, pods_of, services_of

LEAVES = ("z1/a/a1", "z1/a/a2", "z1/b/b1", "z1/b/b2", "z1/c/a1", "z2/a/a1", "z1/a/-", "-/-/-")
PALETTES = (("h20",), ("h20", "h20", "h100"), ("h20", "h100"), ("h20", "h100", "Tesla-T4"))
FLAGS = (*[""] * 12, " drained", " no-rdma")
SIZES = ("4g", "4g", "8g", "2g", "1g", "16g/2n")
CLASSES = (" h20", " h20", " h100|h20", "", " h100")


@dataclass(frozen=True)
class Fleet:
    """Nodes by name, services by priority, the first pods; made of texts, which is how a counterexample is printed."""

    node_text: str
    service_text: str
    pod_text: str

    @property
    def nodes(self) -> dict[str, NodeRecord]:
        return nodes_of(self.node_text)

    @cached_property
    def services(self) -> list[DisaggregatedService]:
        return list(services_of(self.service_text).values())

    @property
    def pods(self) -> list[PodRecord]:
        return pods_of(self.pod_text, {})


@st.composite
def node_texts(draw: st.DrawFn) -> str:
    """Leaves mostly of one class and rarely with nodes that cannot be used, or hardly anything would be granted."""
    told: list[str] = []
    palette = draw(st.sampled_from(PALETTES))
    for leaf in draw(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=4, unique=True)):
        for _ in range(draw(st.sampled_from((1, 1, 2)))):
            gpus = draw(st.sampled_from((8, 8, 8, 4)))
            told.append(
                f"{leaf}: {draw(st.sampled_from(palette))} {gpus}x{draw(st.integers(1, 6))}{draw(st.sampled_from(FLAGS))}"
            )
    return "\n".join(told)


@st.composite
def service_lines(draw: st.DrawFn, name: str, sizes: tuple[str, ...], exhausted: tuple[str, ...]) -> str:
    pools = " + ".join(draw(st.sampled_from(sizes)) + draw(st.sampled_from(CLASSES)) for _ in range(2))
    affinity = draw(st.sampled_from(("s2", "s2", "s1", "cluster")))
    tier = draw(st.sampled_from(("high", "high", "medium", "low")))
    ratio = draw(st.sampled_from(("1:1", "1:3", "1:6..2:1")))
    return f"{name}: {pools}, {affinity}, {tier}, {draw(st.sampled_from(exhausted))}, {ratio}, priority {draw(st.integers(1, 3))}"


@st.composite
def fleets(
    draw: st.DrawFn, services: int = 3, sizes: tuple[str, ...] = SIZES, exhausted: tuple[str, ...] = ("wait", "degrade")
) -> Fleet:
    """A fleet in which strangers hold some GPUs."""
    nodes = draw(node_texts())
    names = "xyz"[: draw(st.integers(1, services))]
    held = draw(st.lists(st.sampled_from(sorted(nodes_of(nodes))), max_size=3, unique=True))
    return Fleet(
        nodes,
        "\n".join(draw(service_lines(name, sizes, exhausted)) for name in names),
        "\n".join(f"stranger {draw(st.sampled_from((1, 2, 4)))}g @ {name}" for name in held),
    )


PAIRS = st.builds(
    lambda prefill, ratio, more: Pair(prefill, prefill * ratio + more),
    st.integers(1, 6), st.sampled_from((1, 1, 2, 3)), st.sampled_from((0, 0, 1)),
)  # fmt: skip


@dataclass
class Cycles:
    """Cycles that follow one another on a fleet: what was granted is in force at the next."""

    services: list[DisaggregatedService]
    in_force: dict[ServiceKey, Pair]
    groups: dict[ServiceKey, tuple[DeploymentGroup, ...]]
    memory: TierMemory = NOTHING_REMEMBERED
    now_s: float = 0.0

    @classmethod
    def of(cls, services: list[DisaggregatedService]) -> Cycles:
        return cls(services, {one.key: Pair(0, 0) for one in services}, {one.key: () for one in services})

    def requests(self, targets: dict[ServiceKey, Pair]) -> list[Request]:
        return [
            Request(
                service=one, in_force=self.in_force[one.key], targets=targets[one.key], previous=self.groups[one.key]
            )
            for one in self.services
        ]

    def plan(self, nodes: dict[str, NodeRecord], pods: list[PodRecord], targets: dict[ServiceKey, Pair]) -> Plan:
        """One cycle 15 s after the last."""
        self.now_s += 15.0
        planned, self.memory = planned_once(nodes, pods, self.requests(targets), self.memory, self.now_s)
        for key, placed in planned.placed.items():
            self.in_force[key], self.groups[key] = placed.granted, placed.groups
        return planned


def planned_once(
    nodes: dict[str, NodeRecord],
    pods: list[PodRecord] | Usage,
    requests: list[Request],
    memory: TierMemory = NOTHING_REMEMBERED,
    now_s: float = 15.0,
) -> tuple[Plan, TierMemory]:
    return plan(build(list(nodes.values()), {FABRIC.name: FABRIC}), pods, requests, memory, now_s)
