from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from disaggregated_service.core.pair import Pair
from disaggregated_service.edge.plan_stream import read_plan
from heteroscale.command.main import main

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "placement"
SERVICE = EXAMPLE / "chat-70b.yaml"
NODES = EXAMPLE / "nodes.yaml"


def plan(*args: str, services: Path = SERVICE, nodes: Path = NODES) -> int:
    return main(["plan", "--services", str(services), "--nodes", str(nodes), *args])


def status(text: str) -> dict[str, Any]:
    documents = [one for one in yaml.safe_load_all(text) if one["kind"] == "DisaggregatedService"]
    found: dict[str, Any] = documents[0]["status"]
    return found


def total(placement: dict[str, Any]) -> Pair:
    return Pair(
        sum(group.get("prefill", {}).get("replicas", 0) for group in placement["groups"]),
        sum(group.get("decode", {}).get("replicas", 0) for group in placement["groups"]),
    )


def test_what_runs_is_adopted_where_nothing_is_wanted(capsys: pytest.CaptureFixture[str]):
    assert plan() == 0
    printed = capsys.readouterr()
    (group,) = status(printed.out)["placement"]["groups"]
    assert [label["value"] for label in group["domain"]] == ["z1", "s2-2"]
    assert (group["prefill"], group["decode"]) == ({"class": "h100", "replicas": 1}, {"class": "h20", "replicas": 3})
    assert printed.err == "llm/chat-70b: from 1P 3D: 1P 3D granted\n"


def test_a_raise_grows_where_the_service_lives_then_opens_another_group(capsys: pytest.CaptureFixture[str]):
    assert plan("--want", "llm/chat-70b=4P12D") == 0
    placement = status(capsys.readouterr().out)["placement"]
    domains = [group["domain"][-1]["value"] for group in placement["groups"]]
    assert sorted(domains) == ["s2-2", "s2-3"]
    assert total(placement) == Pair(4, 12)
    assert placement["granted"] == {"prefill": 4, "decode": 12}


def test_what_found_no_room_is_said_with_numbers_and_the_plan_is_printed_all_the_same(
    capsys: pytest.CaptureFixture[str],
):
    assert plan("--want", "llm/chat-70b=20P60D") == 0
    printed = capsys.readouterr()
    placement, (condition,) = status(printed.out)["placement"], status(printed.out)["conditions"]
    granted = Pair(**placement["granted"])
    assert total(placement) == granted
    assert granted.decode == 3 * granted.prefill
    assert 1 < granted.prefill < 20
    assert sum(placement["refused"].values()) > 0
    assert (condition["type"], condition["status"], condition["reason"]) == ("Placed", "False", "NoRoom")
    assert f"{granted} granted of 20P 60D; no room for the next bundle" in printed.err


def test_a_plan_is_read_back_by_those_who_apply_it(capsys: pytest.CaptureFixture[str]):
    assert plan("--want", "llm/chat-70b=4P12D") == 0
    read = read_plan(capsys.readouterr().out)
    assert read.faults == ()
    assert set(read.profiles) == {"topograph-v1"}
    assert sum(group.pair.decode for group in read.services[0].groups) == 12


def test_a_plan_may_be_planned_on_and_unchanged_groups_keep_their_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert plan("--want", "llm/chat-70b=4P12D") == 0
    first = capsys.readouterr().out
    again = tmp_path / "plan.yaml"
    again.write_text(first)
    assert plan("--want", "llm/chat-70b=4P12D", services=again) == 0
    assert capsys.readouterr().out == first


def test_equal_inputs_give_equal_plans(capsys: pytest.CaptureFixture[str]):
    texts = []
    for _ in range(2):
        assert plan("--want", "llm/chat-70b=5P15D") == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_a_policy_gets_the_same_plan_as_rules_of_single_keys(capsys: pytest.CaptureFixture[str]):
    assert plan("--want", "llm/chat-70b=4P12D", "--policy-params") == 0
    (found,) = yaml.safe_load_all(capsys.readouterr().out)
    assert found["metadata"] == {"name": "heteroscale-placement", "namespace": "llm"}
    rules = found["data"]["chat-70b.decode"].splitlines()
    assert "nvidia.com/gpu.product In NVIDIA-H20" in rules
    assert "fabric.topograph.run/tier-1 In s2-2,s2-3" in rules
    assert "fabric.topograph.run/tier-0 NotIn s1-22" in rules


def test_a_service_that_is_not_there_is_the_callers_mistake(capsys: pytest.CaptureFixture[str]):
    assert plan("--want", "llm/chat-7b=4P12D") == 2
    printed = capsys.readouterr()
    assert "llm/chat-7b" in printed.err
    assert printed.out == ""


def test_a_file_of_no_nodes_is_the_callers_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "nodes.yaml").write_text("kind: List\nitems: [3]\n")
    assert plan(nodes=tmp_path / "nodes.yaml") == 2
    assert "items[0]" in capsys.readouterr().err


def test_a_pair_that_the_scaler_would_never_ask_for_is_the_callers_mistake(capsys: pytest.CaptureFixture[str]):
    where = ["--services", str(EXAMPLE / "chat-70b.yaml"), "--nodes", str(EXAMPLE / "nodes.yaml")]
    assert main(["plan", *where, "--want", "llm/chat-70b=500P1D"]) == 2
    said = capsys.readouterr().err
    assert "500 prefill replicas are outside of 1..24" in said
    assert "1 decode replicas are outside of 3..72" in said
