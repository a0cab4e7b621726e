"""The demo as a user runs it: everything real but the world."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from disaggregated_service.core.decision_json import decision_from_json
from heteroscale.command import demo
from heteroscale.command.demo_service import demo_service


def demonstrated(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    demo.add_parser(parser.add_subparsers())
    args = parser.parse_args(["demo", *arguments])
    code: int = args.run(args)
    return code


def test_eight_hours_keep_the_slo_with_far_fewer_gpu_hours_and_the_ratio_in_its_band(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert demonstrated("--json", str(tmp_path / "out.json")) == 0
    figures = json.loads((tmp_path / "out.json").read_text())
    assert figures["slo_attainment_frac"] >= 0.95
    assert figures["gpu_hours"] <= 0.70 * figures["gpu_hours_static_peak"]
    assert figures["ratio_out_of_band_frac"] == 0
    assert figures["actions"] > 10
    decisions = [decision_from_json(each) for each in figures["decisions"]]
    band = demo_service().spec.ratio.band
    assert len(decisions) == 960
    assert all(decision.published is not None and band.contains(decision.published) for decision in decisions)
    pools = [decision.granted.prefill + decision.granted.decode for decision in decisions]
    assert min(pools) <= 4
    assert 24 <= max(pools) <= 32
    printed = capsys.readouterr().out
    assert "within SLO" in printed
    assert "The last decision:" in printed
    assert " 0 without an answer" in printed


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path: Path):
    for name, seed in (("one", "1"), ("again", "1"), ("other", "2")):
        assert demonstrated("--hours", "0.5", "--seed", seed, "--json", str(tmp_path / name)) == 0
    one, again, other = ((tmp_path / name).read_bytes() for name in ("one", "again", "other"))
    assert one == again
    assert one != other


def test_without_a_terminal_it_prints_plain_lines(capsys: pytest.CaptureFixture[str]):
    assert demonstrated("--hours", "0.3") == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "nan" not in printed
    assert printed.splitlines()[0].startswith("06:00:00 ")


@pytest.mark.parametrize(
    "wrong", [("--hours", "9"), ("--hours", "0"), ("--hours", "nan"), ("--speed", "-1"), ("--seed", "x")]
)
def test_a_wrong_argument_is_the_callers_mistake(wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        demonstrated(*wrong)
    assert stopped.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_a_file_in_a_folder_that_is_not_there_is_said_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert demonstrated("--json", str(tmp_path / "nowhere" / "out.json")) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert demonstrated("--json", str(tmp_path)) == 2
    assert "Is a directory" in capsys.readouterr().err
