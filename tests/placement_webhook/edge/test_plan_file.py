from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from disaggregated_service.core.pair import Role, ServiceKey
from placement_webhook.edge.plan_file import PlanFiles
from tests.placement_webhook.edge.plan_text import CHAT, ROLE, TWO_DOMAINS, nodes_text, plan_text, pod, service_object

DECODE = (ServiceKey("llm", "chat"), Role.DECODE, "")


class World:
    """Both files, and what failed."""

    def __init__(self, folder: Path) -> None:
        self.plan, self.nodes = folder / "plan.yaml", folder / "nodes.json"
        self.failures: list[str] = []
        self.files = PlanFiles(self.plan, self.nodes, self.failures.append)
        self._written = 0

    def write(self, path: Path, text: str) -> None:
        """Each time with a later modification time, as a clock would give it."""
        path.write_text(text)
        self._written += 1
        os.utime(path, (1_790_000_000 + self._written,) * 2)


def seen(name: str, **metadata: Any) -> dict[str, Any]:
    """A decode pod on a node."""
    made = pod("chat", "decode", name=name, namespace="llm", **metadata)
    made["spec"]["nodeName"] = "n-s2-a-h20-0"
    return made


def test_there_is_nothing_to_place_by_until_both_files_were_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.files.refresh()
    assert world.files.snapshot is None
    assert "--plan: " in world.files.problem
    assert "cannot be read" in world.files.problem
    world.write(world.plan, plan_text(CHAT))
    assert not world.files.refresh()
    assert "--plan" not in world.files.problem
    world.write(world.nodes, nodes_text(*TWO_DOMAINS))
    assert world.files.refresh()
    assert world.files.problem == ""
    assert world.files.snapshot is not None
    assert len(world.files.snapshot.nodes.names) == 8
    assert not world.files.refresh(), "nothing changed"


def test_the_last_good_plan_stays_in_use(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(world.plan, plan_text(CHAT))
    world.write(world.nodes, nodes_text(*TWO_DOMAINS))
    world.files.refresh()
    good = world.files.snapshot
    assert good is not None
    for bad in ("{", "kind: [", plan_text(CHAT | {"spec": {}}), plan_text(CHAT | {"status": {"placement": 7}})):
        world.write(world.plan, bad)
        world.files.refresh()
        assert world.files.snapshot is good
    world.plan.unlink()
    world.files.refresh()
    world.write(world.nodes, "[]")
    world.files.refresh()
    assert world.files.snapshot is good
    assert world.failures == ["plan"] * 5 + ["plan", "nodes"]
    assert world.files.problem == "", "ready once, ready for good"
    world.write(world.plan, plan_text(CHAT, service_object("other")))
    assert world.files.refresh() is True
    assert world.files.snapshot is not None
    assert world.files.snapshot.planned_unix_s > good.planned_unix_s


def test_pods_count_for_the_group_they_are_in(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(world.plan, plan_text(CHAT))
    finished = seen("done") | {"status": {"phase": "Succeeded"}}
    pods = [
        seen("bound"),
        seen("labelled", labels={"app": "chat", ROLE: "decode", "heteroscale.dev/deployment-group": "chat-b"}),
        seen("leaving", deletionTimestamp="2026-11-21T18:00:00Z"),
        finished,
        pod("chat", "decode", name="pending", namespace="llm"),
        pod("chat", "decode", name="stranger", namespace="other"),
    ]
    world.write(world.nodes, nodes_text(*TWO_DOMAINS, *pods))
    world.files.refresh()
    assert world.files.snapshot is not None
    assert world.files.snapshot.pods == {DECODE: {"chat-a": 1, "chat-b": 1}}
