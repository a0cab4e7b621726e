from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from heteroscale.command.main import VERBS, main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def broken(tmp_path: Path) -> Path:
    for number, change in enumerate((("priority", -1), ("engine", "vlm"))):
        document = yaml.safe_load((EXAMPLES / "small-scrape.yaml").read_text())
        document["metadata"]["name"] = f"s{number}"
        document["spec"] |= dict([change])
        (tmp_path / f"s{number}.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"\n  heteroscale {verb}" in capsys.readouterr().out.partition("example")[2]


def test_a_misspelt_verb_is_the_callers_mistake(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["server"])
    assert ended.value.code == 2
    assert "validate" in capsys.readouterr().err


def test_help_loads_none_of_the_heavy_libraries():
    heavy = "{'grpc', 'aiohttp', 'numpy', 'kubernetes', 'prometheus_api_client'}"
    code = f"import sys; from heteroscale.command.validate import add_parser; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_examples_are_valid(capsys: pytest.CaptureFixture[str]):
    assert main(["validate", str(EXAMPLES)]) == 0
    assert capsys.readouterr().out == "4 services: all valid\n"


def test_validate_says_all_faults_of_all_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["validate", str(broken(tmp_path))]) == 2
    errors = capsys.readouterr().err
    assert "s0.yaml" in errors
    assert "spec.priority" in errors
    assert 'did you mean "vllm"' in errors
    assert errors.endswith("2 faults\n")


def test_validate_speaks_to_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["validate", "--json", str(broken(tmp_path))]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["valid"] is False
    assert {fault["path"] for fault in document["faults"]} == {"spec.priority", "spec.engine"}
    assert all(fault["line"] > 0 for fault in document["faults"])


def test_validate_finds_signals_too_sparse_for_our_own_scraping(capsys: pytest.CaptureFixture[str]):
    path = str(EXAMPLES / "small-scrape.yaml")
    assert main(["validate", path, "--scrape-interval", "20s"]) == 2
    assert "spec.signals.window" in capsys.readouterr().err


def test_an_empty_folder_is_no_valid_set_of_services(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["validate", str(tmp_path)]) == 2
    assert "holds no DisaggregatedService" in capsys.readouterr().err


def test_render_prints_two_scaled_objects_a_service_and_the_label_to_add(capsys: pytest.CaptureFixture[str]):
    assert main(["render", str(EXAMPLES), "--scaler-address", "heteroscale:6000"]) == 0
    printed = capsys.readouterr()
    objects = list(yaml.safe_load_all(printed.out))
    names = [found["metadata"]["name"] for found in objects]
    moe = ["moe-prefill", "moe-decode-attention", "moe-decode-feed-forward"]  # one a component
    assert names == ["small-prefill", "small-decode", "chat-70b-prefill", "chat-70b-decode", *moe]
    assert 'heteroscale.dev/serving: "true"' in printed.out
    assert all(found["spec"]["triggers"][0]["metadata"]["scalerAddress"] == "heteroscale:6000" for found in objects)
    assert "llm/reasoning is advisory" in printed.err


def test_render_for_an_older_cluster_leaves_tolerance_out_and_warns(capsys: pytest.CaptureFixture[str]):
    path = str(EXAMPLES / "small-scrape.yaml")
    assert main(["render", path, "--scaler-address", "h:6000", "--kubernetes-version", "1.34"]) == 0
    printed = capsys.readouterr()
    assert "tolerance" not in printed.out
    assert "hpaTolerance" in printed.err


def test_render_renders_nothing_while_there_are_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["render", str(broken(tmp_path)), "--scaler-address", "h:6000"]) == 2
    assert capsys.readouterr().out == ""


def test_explain_says_who_could_not_be_reached(capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert main(["explain", "llm/chat-70b", "--url", f"http://127.0.0.1:{port}"]) == 2
    errors = capsys.readouterr().err
    assert "cannot be reached" in errors
    assert "--url" in errors
