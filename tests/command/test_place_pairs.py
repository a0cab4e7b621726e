"""Every review pair through `heteroscale place --json`: what the command prints is what the webhook answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from heteroscale.command.main import main
from tests.placement_webhook.review_pair import Pair, all_pairs


@pytest.mark.parametrize("pair", [pytest.param(pair, id=pair.name) for pair in all_pairs()])
def test_the_command_prints_what_the_pair_expects(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", **pair.pod}
    files = {"pod": yaml.safe_dump(pod), "plan": pair.plan_text, "nodes": pair.nodes_text}
    paths = {name: tmp_path / f"{name}.yaml" for name in files}
    for name, text in files.items():
        paths[name].write_text(text, encoding="utf-8")
    where = ["--plan", str(paths["plan"]), "--nodes", str(paths["nodes"]), "--namespace", pair.namespace]
    assert main(["place", str(paths["pod"]), *where, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reason"] == pair.expected["reason"]
    assert found["patch"] == pair.expected.get("patch", [])
    assert found["groups"] == pair.expected.get("groups", [])
    assert found["message"]
