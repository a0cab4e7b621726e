from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from heteroscale.command.main import main
from heteroscale.command.topology_tree import Branch, ClassUse
from heteroscale.command.topology_view import show

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "placement"
NODES = ["--nodes", str(EXAMPLE / "nodes.yaml")]


def printed(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert main(["topology", *NODES, *args]) == 0
    return capsys.readouterr().out


def branches(tree: dict[str, Any], level: str) -> list[dict[str, Any]]:
    here = [tree] if tree["level"] == level else []
    return here + [found for child in tree["children"] for found in branches(child, level)]


def test_the_picture_shows_levels_classes_tiers_and_what_is_free(capsys: pytest.CaptureFixture[str]):
    lines = printed(capsys, "--profile", "topograph-v1").splitlines()
    picture = [" ".join(line.split()) for line in lines]
    assert picture[0] == "topology by topograph-v1"
    assert any(line.startswith("│ ├─ s2-1 s2 low h20") and line.endswith("32/32 4") for line in picture)
    assert any("s1-22 s1 high h100" in line for line in picture)
    assert any(line.endswith("32/32 5 (-1)") for line in picture)  # the node that is not ready
    assert any("unknown (labels missing) h20" in line for line in picture)
    assert "\x1b" not in "".join(lines)


def test_the_profile_that_places_most_nodes_is_taken_where_none_is_named(capsys: pytest.CaptureFixture[str]):
    assert json.loads(printed(capsys, "--json"))["profile"] in {"topograph", "topograph-v1"}


def test_json_says_the_same_to_machines(capsys: pytest.CaptureFixture[str]):
    tree = json.loads(printed(capsys, "--json", "--profile", "topograph-v1"))["tree"]
    tiers = {found["value"]: found["tier"] for found in branches(tree, "s2")}
    assert tiers == {"s2-1": "low", "s2-2": "medium", "s2-3": "medium"}
    assert [found["value"] for found in branches(tree, "s1") if found["tier"] == "high"] == ["s1-22"]
    (lost,) = branches(tree, "unknown")
    assert lost["classes"] == [{"class": "h20", "nodes": 1, "out": 0, "gpus": 8, "used": 0}]
    assert sum(use["used"] for use in tree["classes"]) == 16


def test_groups_stand_under_their_domain(capsys: pytest.CaptureFixture[str]):
    services = ["--services", str(EXAMPLE / "chat-70b.yaml")]
    tree = json.loads(printed(capsys, "--json", *services))["tree"]
    having = {found["value"]: found["groups"] for found in branches(tree, "s2") if found["groups"]}
    assert list(having) == ["s2-2"]
    assert having["s2-2"][0].endswith("1P 3D")
    assert "■ llm/" in printed(capsys, *services)


@pytest.mark.parametrize("columns", [80, 100])
def test_the_picture_fits_the_terminal(columns: int, capsys: pytest.CaptureFixture[str]):
    use = ClassUse(name="h100", nodes=1000, gpus=8000, used=7999, out=12)
    leaf = Branch(level="s2", label=None, tier=None, classes=(use,))
    show(
        Console(width=columns),
        "x" * 60,
        Branch(level="cluster", label=None, tier=None, classes=(use,), children=(leaf,)),
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "█░" in "".join(lines)  # one GPU free is not shown as full


def test_an_unknown_profile_is_the_callers_mistake(capsys: pytest.CaptureFixture[str]):
    assert main(["topology", *NODES, "--profile", "topograf"]) == 2
    assert "topograph-v1" in capsys.readouterr().err
