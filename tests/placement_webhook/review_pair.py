"""Review pairs: a pod as it is created, and what becomes of it. One file each, in tests/placement_webhook/pairs/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.placement_webhook.pair_fixtures import nodes_text, plan_text, seen

FOLDER = Path(__file__).parent / "pairs"
MARK = "\nexpect:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """expected: reason and groups, and the patch where there is one."""

    name: str
    pod: Mapping[str, Any]
    namespace: str
    plan_text: str
    nodes_text: str
    expected: Mapping[str, Any]


def all_pairs() -> list[Pair]:
    """Every pair, by file name. Raises KeyError for a fixture that does not exist."""
    return [read_pair(path) for path in sorted(FOLDER.glob("*.yaml"))]


def read_pair(path: Path) -> Pair:
    head, _, tail = path.read_text().partition(MARK)
    data = yaml.safe_load(head)
    there = [
        pod
        for group, roles in data.get("seen", {}).items()
        for role, n in roles.items()
        for pod in seen(group, role, n)
    ]
    return Pair(
        name=path.stem,
        pod=data["pod"],
        namespace=data.get("namespace", "llm"),
        plan_text=plan_text(data.get("plan", "two groups")),
        nodes_text=nodes_text(there) if data.get("nodes", True) else nodes_text([]).replace('"Node"', '"Gone"'),
        expected=yaml.safe_load(tail) or {},
    )


def written(path: Path, outcome: Mapping[str, Any]) -> str:
    """The file with another expectation; commit it only if you understand and want it."""
    head = path.read_text().partition(MARK)[0]
    body = yaml.safe_dump(dict(outcome), sort_keys=False, default_flow_style=None, width=110)
    return head + MARK + "".join(f"  {line}\n" for line in body.rstrip().split("\n"))
