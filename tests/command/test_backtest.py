from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from heteroscale.command.main import main
from tests.fakes.prometheus_server import free_port
from tests.services import manifest

SPAN = ("--from", "2026-11-20T08:00:00Z", "--to", "2026-11-20T09:00:00Z")


@pytest.fixture
def services(tmp_path: Path) -> Path:
    path = tmp_path / "service.yaml"
    scraped = manifest(
        name="scraped",
        signals={
            "source": "scrape",
            "endpoints": {"prefill": ["http://10.0.0.7:8000/metrics"], "decode": ["http://10.0.0.8:8000/metrics"]},
            "selectors": {},
        },
    )
    path.write_text(yaml.safe_dump_all([manifest(), scraped]), encoding="utf-8")
    return path


CASES = {
    "nobody answers": (SPAN, ("down", "name a server that answers")),
    "the end is before the beginning": (("--from", SPAN[3], "--to", SPAN[1]), ("--to", "is not after --from")),
    "a moment without a zone": (
        ("--from", "2026-11-20T08:00:00", "--to", "now"),
        ("--from", "names no time zone", "Z"),
    ),
    "no moment at all": (("--from", "yesterday", "--to", "now"), ("--from", "'yesterday' is no moment", "now-6h")),
    "a parameter that is none": ((*SPAN, "--compare", "dampin.in=0.3"), ("dampin.in", "did you mean damping.in?")),
    "a value out of its bounds": ((*SPAN, "--compare", "damping.in=3"), ("damping.in", "is 3", "at most 1")),
    "parameters that contradict": ((*SPAN, "--compare", "load.scaleOutAbove=3"), ("saturates",)),
    "a change that is none": ((*SPAN, "--compare", "damping.in"), ("is not PARAM=VALUE",)),
    "a pair that is none": ((*SPAN, "--current", "4:12"), ("--current 4:12", "4P12D")),
    "a folder that is not there": ((*SPAN, "--json", "/nowhere/out.json"), ("--json", "there is no folder")),
    "ticks of half a second": ((*SPAN, "--interval", "1500ms"), ("--interval", "whole seconds")),
}


@pytest.mark.parametrize("case", CASES)
def test_a_callers_mistake_is_named_with_its_remedy(case: str, services: Path, capsys: pytest.CaptureFixture[str]):
    given, words = CASES[case]
    url = f"http://127.0.0.1:{free_port()}"
    assert main(["backtest", "llm/chat-70b", "--services", str(services), "--prometheus", url, *given]) == 2
    said = capsys.readouterr().err
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("llm/chat-7b", "did you mean llm/chat-70b?"), ("llm/scraped", "spec.signals.source is not prometheus")],
)
def test_a_service_that_cannot_be_backtested_is_said(
    name: str, words: str, services: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["backtest", name, "--services", str(services), "--prometheus", "http://127.0.0.1:1", *SPAN]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("left_out", ["--services", "--prometheus"])
def test_what_is_needed_is_asked_for(left_out: str, services: Path, capsys: pytest.CaptureFixture[str]):
    given = {"--services": str(services), "--prometheus": "http://127.0.0.1:1"}
    del given[left_out]
    assert main(["backtest", "llm/chat-70b", *(word for pair in given.items() for word in pair), *SPAN]) == 2
    assert f"{left_out}: is missing" in capsys.readouterr().err
