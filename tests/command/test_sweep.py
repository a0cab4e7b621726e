from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from disaggregated_service.core.validate import read_spec
from disaggregated_service.edge.time_zone import offsets_min
from heteroscale.command.main import main
from tests.services import manifest, spec_data

WORK = ("--input-tokens", "3000", "--output-tokens", "350")
SLO = ("--ttft", "1s", "--tbt", "40ms")
FEW = ("--units", "4")


def pasted(printed: str) -> dict[str, object]:
    """The YAML that the sweep prints, into a service."""
    text = printed[printed.index("spec:\n") :]
    document = yaml.safe_load(text[: text.index("\n\n")])
    service = spec_data()
    service["ratio"], service["load"] = document["spec"]["ratio"], document["spec"]["load"]
    return service


def test_what_it_prints_can_be_pasted_into_a_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out.json"
    assert main(["sweep", *WORK, *SLO, *FEW, "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    spec, faults = read_spec(pasted(printed), offsets_min)
    assert faults == ()
    assert spec is not None
    found = json.loads(out.read_text(encoding="utf-8"))
    assert [(one["prefill"], one["decode"]) for one in found["splits"]] == [(1, 3), (2, 2), (3, 1)]
    assert found["spec"]["load"]["decode"]["targetPerReplica"] == round(found["target_tps"]["decode"])
    assert f"best split: {found['best']['prefill']}P {found['best']['decode']}D" in printed


def test_a_trace_whose_mix_drifts_gets_the_measured_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    trace, service = tmp_path / "load.csv", tmp_path / "service.yaml"
    rows = [(600 * index, 20_000, 20_000 / per_answer) for index, per_answer in enumerate((2, 4, 8, 16, 8, 4))]
    lines = ["second,input_tokens_per_s,output_tokens_per_s", *(",".join(map(str, row)) for row in rows)]
    trace.write_text("\n".join(lines) + "\n", encoding="utf-8")
    service.write_text(yaml.safe_dump(manifest()), encoding="utf-8")
    tokens = ("--mean-input-tokens", "2000", "--attained", "0.95")
    assert main(["sweep", str(service), "--trace", str(trace), *tokens, *FEW]) == 0
    assert pasted(capsys.readouterr().out)["ratio"]["mode"] == "measured"  # type: ignore[index]


CASES = {
    "no SLO": (WORK, ("no SLO", "--ttft and --tbt")),
    "no lengths": (SLO, ("--input-tokens, --output-tokens", "write both")),
    "lengths twice": ((*WORK, *SLO, "--trace", "x.csv"), ("leave them, or --trace, out",)),
    "a trace that is not there": ((*SLO, "--trace", "nowhere.csv"), ("nowhere.csv",)),
    "an engine that is none": ((*WORK, *SLO, "--engine", "llama-3.1-70b-h100-tp3"), ("llama-3.1-70b-h100-tp",)),
    "a first token that no engine is fast enough for": (
        (*WORK, "--ttft", "10ms", "--tbt", "40ms"),
        ("ttft target of 10 ms cannot be met", "at least"),
    ),
    "a share that nobody could keep": ((*WORK, "--ttft", "165ms", "--tbt", "40ms"), ("each alone in an idle fleet",)),
    "a file that is not there": (("nowhere.yaml", *WORK), ("nowhere.yaml",)),
    "a folder that is not there": ((*WORK, *SLO, "--json", "/nowhere/out.json"), ("--json", "there is no folder")),
}


@pytest.mark.parametrize("case", CASES)
def test_a_callers_mistake_is_named_with_its_remedy(case: str, capsys: pytest.CaptureFixture[str]):
    given, words = CASES[case]
    assert main(["sweep", *given, *FEW]) == 2
    said = capsys.readouterr().err
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--units", "2"), "from 3 to"),
        (("--ttft", "1"), "is not a duration"),
        (("--attained", "99"), "between 0 and 1"),
        (("--input-tokens", "-4"), "number of tokens"),
    ],
)
def test_a_value_of_the_wrong_kind_is_said(given: tuple[str, str], words: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["sweep", *given])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
