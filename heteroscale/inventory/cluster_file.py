"""A file of nodes and pods, as `kubectl get nodes,pods -A -o yaml` prints it, to records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.pod_labels import Owners
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.edge.cluster_list import read_list
from heteroscale.inventory.node_record import node_record
from heteroscale.inventory.pod_record import pod_records
from prescheduler.core.record import NodeRecord, PodRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that a file holds of interest; nodes by name."""

    nodes: tuple[NodeRecord, ...] = ()
    pods: tuple[PodRecord, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_inventory(path: Path, services: Sequence[DisaggregatedService]) -> Inventory:
    """Never raises for bad content or an unreadable path: that is a fault."""
    source = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return _unreadable(source, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return _unreadable(source, f"is not UTF-8 (byte {error.start})")
    read = read_list(text, source)
    return Inventory(
        nodes=tuple(sorted((node_record(node) for node in read.nodes), key=lambda node: node.name)),
        pods=pod_records(read.pods, Owners(services)),
        faults=read.faults,
    )


def _unreadable(source: str, wrong: str) -> Inventory:
    right = "name what `kubectl get nodes,pods -A -o yaml` printed"
    return Inventory(faults=(Fault(path="file", wrong=wrong, right=right, source=source),))
