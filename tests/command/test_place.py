from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from heteroscale.command.main import main
from tests.burst.scheduler import allowed

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "placement"
NODES = EXAMPLE / "nodes.yaml"
POD = EXAMPLE / "pod.yaml"


@pytest.fixture
def plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Of 4P 12D, which needs a second group."""
    want = "llm/chat-70b=4P12D"
    assert main(["plan", "--services", str(EXAMPLE / "chat-70b.yaml"), "--nodes", str(NODES), "--want", want]) == 0
    path = tmp_path / "plan.yaml"
    path.write_text(capsys.readouterr().out)
    return path


def placed(capsys: pytest.CaptureFixture[str], plan: Path, pod: Path = POD, *more: str) -> dict[str, Any]:
    assert main(["place", str(pod), "--plan", str(plan), "--nodes", str(NODES), "--json", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found.keys() == {"patch", "reason", "groups", "message"}
    return found


def admitted(answer: dict[str, Any]) -> list[str]:
    """The example's nodes that the patched pod may go to, by an evaluation of our own."""
    (affinity,) = [each["value"] for each in answer["patch"] if each["path"] == "/spec/affinity"]
    items = yaml.safe_load(NODES.read_text())["items"]
    nodes = {each["metadata"]["name"]: each["metadata"]["labels"] for each in items if each["kind"] == "Node"}
    return [name for name, labels in nodes.items() if allowed({"affinity": affinity}, labels)]


def test_what_plan_prints_puts_a_pod_into_the_groups_that_lack_its_role(plan: Path, capsys: pytest.CaptureFixture[str]):
    answer = placed(capsys, plan)
    assert answer["reason"] == "placed"
    groups = next(one for one in yaml.safe_load_all(plan.read_text()) if one["kind"] == "DisaggregatedService")
    names = [group["name"] for group in groups["status"]["placement"]["groups"]]
    assert sorted(answer["groups"]) == sorted(names)
    nodes = admitted(answer)
    assert nodes
    assert all(name.startswith("h20-") for name in nodes)
    assert {"h20-7", "h20-13"}.isdisjoint(nodes)  # the mixed S1, and the node without labels
    assert {"h20-4", "h20-8"} <= set(nodes)  # one of each group's domain


def test_a_pod_of_nobody_is_left_alone_and_the_reason_is_said(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    pod = yaml.safe_load(POD.read_text())
    pod["metadata"]["labels"] = {"app": "else"}
    other = tmp_path / "pod.yaml"
    other.write_text(yaml.safe_dump(pod))
    answer = placed(capsys, plan, other)
    assert (answer["patch"], answer["groups"], answer["reason"]) == ([], [], "not_a_role")
    assert answer["message"]


def test_the_namespace_of_the_request_counts(plan: Path, capsys: pytest.CaptureFixture[str]):
    assert placed(capsys, plan, POD, "--namespace", "default")["reason"] == "not_a_role"


def test_a_constraint_that_no_node_meets_with_ours_changes_nothing(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    pod = yaml.safe_load(POD.read_text())
    pod["spec"]["nodeSelector"] = {"fabric.topograph.run/tier-1": "s2-1"}
    other = tmp_path / "pod.yaml"
    other.write_text(yaml.safe_dump(pod))
    assert placed(capsys, plan, other)["reason"] == "conflict"


def test_people_read_the_rule_itself(plan: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["place", str(POD), "--plan", str(plan), "--nodes", str(NODES)]) == 0
    words = capsys.readouterr().out
    assert words.startswith("placed: ")
    assert "add /spec/affinity\n" in words
    assert "NVIDIA-H20" in words


@pytest.mark.parametrize(("text", "why"), [("kind: Service\n", "no Pod"), ("a: [\n", "no YAML"), ("", "0 objects")])
def test_a_file_of_no_pod_is_the_callers_mistake(
    text: str, why: str, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    other = tmp_path / "pod.yaml"
    other.write_text(text)
    assert main(["place", str(other), "--plan", str(plan), "--nodes", str(NODES)]) == 2
    assert why in capsys.readouterr().err


def test_a_plan_that_is_not_there_is_the_callers_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["place", str(POD), "--plan", str(tmp_path / "none.yaml"), "--nodes", str(NODES)]) == 2
    assert "--plan" in capsys.readouterr().err
