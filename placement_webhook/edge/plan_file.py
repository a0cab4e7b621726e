"""The plan and the nodes from files, read again when they change; the last good ones stay in use.

Nothing here decides: a file with any fault in it is a bad one, because half a plan would strand pods. It must never
run on the event loop's thread: a large list takes seconds to read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from disaggregated_service.core.fault import Fault
from disaggregated_service.edge.cluster_list import read_list
from disaggregated_service.edge.plan_stream import read_plan
from placement_webhook.core.memo import Memo
from placement_webhook.core.node_index import NodeIndex, build_index
from placement_webhook.core.placement import PlacementMemo
from placement_webhook.core.view import PlacementView
from placement_webhook.edge.cluster_view import Counts, known_nodes, pods_by_group
from placement_webhook.edge.watched_file import Changed, Unchanged, Unreadable, WatchedFile

log = logging.getLogger(__name__)

FAULTS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One immutable view of plan and nodes, shared by all requests until the next. pods: seen per slot and group.

    memo: what was found in it so far; it saves work, and changes nothing.
    """

    view: PlacementView
    nodes: NodeIndex
    pods: Counts
    planned_unix_s: float
    memo: PlacementMemo = field(default_factory=Memo, repr=False, compare=False)


class PlanFiles:
    """Keeps the newest good snapshot; None until both files have been read once."""

    def __init__(self, plan: Path, nodes: Path, on_failure: Callable[[str], None]) -> None:
        self._files = {"plan": WatchedFile(plan), "nodes": WatchedFile(nodes)}
        self._on_failure = on_failure
        self._problems: dict[str, str] = dict.fromkeys(self._files, "not read yet")
        self._view: PlacementView | None = None
        self._planned_unix_s = 0.0
        self._index: NodeIndex | None = None
        self._pods: Sequence[Mapping[str, Any]] = ()
        self.snapshot: Snapshot | None = None

    @property
    def problem(self) -> str:
        """Why there is nothing to place by; empty once there is, whatever the files hold now."""
        if self.snapshot is not None:
            return ""
        return "; ".join(f"--{name}: {problem}" for name, problem in self._problems.items() if problem)

    def refresh(self) -> bool:
        """Look at both files; whether there is a new snapshot."""
        changed = [self._refresh_plan(), self._refresh_nodes()]
        if any(changed) and self._view is not None and self._index is not None:
            pods = pods_by_group(self._pods, self._view, self._index)
            self.snapshot = Snapshot(view=self._view, nodes=self._index, pods=pods, planned_unix_s=self._planned_unix_s)
            return True
        return False

    def _refresh_plan(self) -> bool:
        found = self._look("plan")
        if found is None:
            return False
        read = read_plan(found.text, str(self._files["plan"].path))
        if self._is_bad("plan", read.faults):
            return False
        services = tuple((planned.service, planned.groups) for planned in read.services)
        self._view = PlacementView(services=services, profiles=read.profiles)
        self._planned_unix_s = found.written_unix_s
        log.info("plan of %d services loaded", len(services))
        return True

    def _refresh_nodes(self) -> bool:
        found = self._look("nodes")
        if found is None:
            return False
        read = read_list(found.text, str(self._files["nodes"].path))
        if self._is_bad("nodes", read.faults):
            return False
        self._index, self._pods = build_index(known_nodes(read.nodes)), read.pods
        log.info("%d nodes and %d pods loaded", len(read.nodes), len(read.pods))
        return True

    def _look(self, name: str) -> Changed | None:
        found = self._files[name].look()
        match found:
            case Changed():
                return found
            case Unchanged():
                return None
            case Unreadable():
                self._complain(name, f"{self._files[name].path} {found.why}")
                return None

    def _is_bad(self, name: str, faults: Sequence[Fault]) -> bool:
        if not faults:
            self._problems[name] = ""
            return False
        more = f" and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        self._complain(name, "; ".join(str(fault) for fault in faults[:FAULTS_SHOWN]) + more)
        return True

    def _complain(self, name: str, why: str) -> None:
        self._on_failure(name)
        if why != self._problems[name]:  # once a problem, not once a look
            log.error("%s: %s; %s", name, why, "the last good one stays in use" if self.snapshot else "nothing to use")
        self._problems[name] = why
