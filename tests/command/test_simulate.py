from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from heteroscale.command.main import main

Run = Callable[..., int]

SERVICE = """\
apiVersion: heteroscale.dev/v1alpha1
kind: DisaggregatedService
metadata: {name: chat, namespace: llm}
spec:
  roles:
    prefill: {target: {name: chat-prefill}, minReplicas: 1, maxReplicas: 40, gpusPerReplica: 4}
    decode: {target: {name: chat-decode}, minReplicas: 1, maxReplicas: 40, gpusPerReplica: 4}
  ratio: {mode: measured, min: "1:8", max: "8:1"}
  load:
    prefill: {metric: prefillTps, capacityPerReplica: 16400}
    decode: {metric: decodeTps, capacityPerReplica: 3140}
  guards:
  - {metric: ttft, percentile: 90, target: TTFT}
  - {metric: tbt, percentile: 90, target: TBT}
"""
TRACE = "second,input_tokens_per_s,output_tokens_per_s\n0,20000,3300\n300,60000,9900\n600,20000,3300\n"

LONG = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    f"2023-11-16 18:0{minute}:00,{tokens},10\n" for minute, tokens in enumerate((100_000, 320_000, 90_000))
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The verb on a load of a quarter of an hour, in this process."""

    def runs(*more: str, trace: str = TRACE, ttft: str = "2500ms", tbt: str = "25ms", seeds: int = 1) -> int:
        service, file = tmp_path / "chat.yaml", tmp_path / "load.csv"
        service.write_text(SERVICE.replace("TTFT", ttft).replace("TBT", tbt), encoding="utf-8")
        file.write_text(trace, encoding="utf-8")
        plain = ["--seeds", str(seeds), "--workers", "1"]
        plain += [] if trace is LONG else ["--mean-input-tokens", "8000"]
        return main(["simulate", str(service), "--trace", str(file), *plain, *more])

    return runs


def test_every_policy_has_its_line_and_its_figures(run, tmp_path, capsys):
    out = tmp_path / "out.json"
    assert run("--policy", "all", "--json", str(out)) == 0
    said = capsys.readouterr().out
    document = json.loads(out.read_text(encoding="utf-8"))
    assert set(document["policies"]) == {
        "heteroscale-measured", "heteroscale-fixed", "static-peak", "static-p95", "hpa-utilisation", "keda-queue-kv",
        "independent-tps", "kthena-band", "dynamo", "latency-only", "scheduled", "oracle",
    }  # fmt: skip
    assert all(name in said for name in document["policies"])
    assert "the oracle's headroom" in said
    assert document["trace"] == "load.csv"


def test_losing_policies_are_printed_too(run, capsys):
    assert run("--policy", "static-peak", "--policy", "dynamo:demand_factor=0.5", seeds=2) == 0
    said = capsys.readouterr().out
    assert "dynamo:demand_factor=0.5" in said
    assert "not dominated" in said


def test_the_chosen_policy_comes_ready_to_paste(run, capsys):
    asked = "min gpu_hours where slo_attainment_frac >= 0.9"
    assert run("--policy", "heteroscale-measured", "--objective", asked) == 0
    said = capsys.readouterr().out
    pasted = yaml.safe_load(said[said.index("spec:") :])
    assert "chosen: heteroscale-measured" in said
    assert pasted["spec"]["ratio"] == {"mode": "measured", "min": "1:8", "max": "8:1"}
    assert pasted["spec"]["load"]["decode"]["targetPerReplica"] > 0


def test_what_is_pasted_is_a_valid_service(run, capsys, tmp_path):
    assert run("--policy", "heteroscale-fixed", "--objective", "min gpu_hours") == 0
    said = capsys.readouterr().out
    service = yaml.safe_load((tmp_path / "chat.yaml").read_text(encoding="utf-8"))
    service["spec"] |= yaml.safe_load(said[said.index("spec:") :])["spec"]
    (tmp_path / "pasted.yaml").write_text(yaml.safe_dump(service), encoding="utf-8")
    assert main(["validate", str(tmp_path / "pasted.yaml")]) == 0


def test_an_objective_that_nobody_meets_says_so(run, capsys):
    asked = "min gpu_hours where tbt_ms_p99 <= 1"
    assert run("--policy", "dynamo:demand_factor=0.5", "--objective", asked) == 0
    said = capsys.readouterr().out
    assert "no candidate meets the conditions; the nearest is: dynamo:demand_factor=0.5" in said
    assert "to run it again: --policy dynamo:demand_factor=0.5" in said


def test_a_capacity_that_the_service_does_not_name_is_measured_and_said(run, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    without = SERVICE.replace("    prefill: {metric: prefillTps, capacityPerReplica: 16400}\n", "")
    without = without.replace('ratio: {mode: measured, min: "1:8", max: "8:1"}', "ratio: {prefill: 7, decode: 6}")
    Path("chat.yaml").write_text(without.replace("TTFT", "2500ms").replace("TBT", "25ms"), encoding="utf-8")
    Path("load.csv").write_text(TRACE, encoding="utf-8")
    plain = ["--mean-input-tokens", "8000", "--seeds", "1", "--workers", "1", "--policy", "static-peak"]
    assert main(["simulate", "chat.yaml", "--trace", "load.csv", *plain]) == 0
    assert "spec.load.prefill is missing; measured in this world: capacityPerReplica 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--policy", "heteroscal-measured"], "did you mean heteroscale-measured?"),
        (["--policy", "dynamo:demand=2"], "did you mean demand_factor?"),
        (["--policy", "dynamo:predictor=arima"], "write constant or trend"),
        (["--policy", "static-peak:target_frac=much"], "not a number"),
        (["--policy", "heteroscale-measured:target_frac=0.95"], "the signal"),
        (["--policy", "keda-queue-kv:queue=0"], "must be above 0"),
        (["--objective", "cheap"], "write for instance: min gpu_hours where slo_attainment_frac >= 0.99"),
        (["--engine", "llama-3.1-70b-h100"], "did you mean"),
        (["--hours", "40-48"], "after the trace ends"),
        (["--json", "/no/such/folder/out.json"], "there is no folder"),
        (["--engine-fit", "/no/such/grid.csv"], "No such file"),
    ],
)
def test_a_callers_mistake_ends_with_2_and_says_what_would_be_right(run, capsys, more, says):
    assert run(*more) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--hours", "9-3"], ["--seeds", "0"], ["--scale", "-1"], ["--workers", "many"]])
def test_a_value_that_is_none_is_refused_by_its_option(run, capsys, more):
    with pytest.raises(SystemExit) as ended:
        run(*more)
    assert ended.value.code == 2
    assert more[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("slo", "says"),
    [
        ({"tbt": "9ms"}, "a request alone takes at least 1"),
        ({"ttft": "5ms"}, "an idle replica needs at least"),
    ],
)
def test_an_slo_that_no_fleet_can_meet_is_said_before_anything_is_simulated(run, capsys, slo, says):
    assert run("--policy", "static-peak", **slo) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""


def test_an_objective_beyond_what_is_possible_names_the_best_possible_value(run, capsys):
    asked = "min gpu_hours where slo_attainment_frac >= 0.99"
    assert run("--policy", "static-peak", "--objective", asked, ttft="300ms") == 2
    assert "of this load at most 0." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trace", "says"),
    [
        ("", "line 1"),
        (TRACE.replace("60000", "-60000"), "line 3"),
        (TRACE.replace("300,", "900,"), "line 4"),
        ("a,b\n1,2\n", "line 1"),
    ],
    ids=["empty", "negative", "unsorted", "unknown"],
)
def test_a_broken_trace_is_named_by_its_line(run, capsys, trace, says):
    assert run(trace=trace) == 2
    told = capsys.readouterr().err
    assert "--trace" in told
    assert says in told


def test_a_request_that_no_replica_could_hold_is_said_before(run, capsys):
    assert run("--engine", "qwen3-32b-h100-tp1", trace=LONG, tbt="2s", ttft="1h") == 2
    assert "never fits into the KV memory" in capsys.readouterr().err


def test_two_services_in_one_file_are_one_too_many(run, capsys, tmp_path):
    both = SERVICE.replace("TTFT", "1s").replace("TBT", "25ms")
    (tmp_path / "both.yaml").write_text(both + "---\n" + both.replace("name: chat,", "name: other,"), encoding="utf-8")
    assert main(["simulate", str(tmp_path / "both.yaml"), "--trace", str(tmp_path / "none.csv")]) == 2
    assert "holds 2 services" in capsys.readouterr().err


def test_a_faulty_service_shows_all_its_faults(tmp_path, capsys):
    (tmp_path / "bad.yaml").write_text(SERVICE.replace("TTFT", "1s").replace("TBT", "soon"), encoding="utf-8")
    assert main(["simulate", str(tmp_path / "bad.yaml"), "--trace", "x.csv"]) == 2
    assert "spec.guards" in capsys.readouterr().err
