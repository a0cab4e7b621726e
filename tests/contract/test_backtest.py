"""`heteroscale backtest` against a real Prometheus that holds recorded series."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.service import DisaggregatedService, Mode
from heteroscale.backtest.replay import Variant, replay
from heteroscale.command.main import main
from heteroscale.ticker.ticker import Ticker
from scaler.edge.board import Board
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_query import Instants
from scaler.edge.prometheus_source import PrometheusSource
from scaler.edge.signal_source import Instant
from tests.backtest.recorded_day import day
from tests.fakes import prometheus_server
from tests.fakes.recording import Recording
from tests.services import manifest, service

START_UNIX_S = int(time.time()) - 6 * 3600
UNTIL_UNIX_S = START_UNIX_S + 30 * 60
RECORDINGS = {
    one.name: one
    for one in (
        day("day", factors=(1.0, 2.0, 2.0, 0.3, 0.3, 0.3)),
        day("gap", factors=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0), silent=range(60, 80)),
    )
}
LOAD = {"decode": {"metric": "decodeTps", "targetPerReplica": 500, "capacityPerReplica": 800}}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("prometheus") / "data"
    prometheus_server.load(folder, RECORDINGS.values(), float(START_UNIX_S))
    with prometheus_server.running(folder) as served:
        yield served


def changes(recording: Recording) -> dict[str, Any]:
    return {
        "load": {**LOAD, "cooldown": {"in": "300s"}},
        "signals": {"selectors": {role: recording.selector(role) for role in ("prefill", "decode")}},
    }


def written(folder: Path, name: str) -> Path:
    path = folder / "service.yaml"
    path.write_text(yaml.safe_dump(manifest(**changes(RECORDINGS[name]))), encoding="utf-8")
    return path


def arguments(services: Path, url: str, *more: str) -> list[str]:
    when = ["--from", str(START_UNIX_S + 60), "--to", str(UNTIL_UNIX_S)]
    return ["backtest", "llm/chat-70b", "--services", str(services), "--prometheus", url, *when, *more]


async def test_the_same_readings_give_live_and_backtested_the_same_decisions(url: str):
    asked = service(**changes(RECORDINGS["day"]))
    ticks = Instants(from_unix_s=START_UNIX_S + 60, until_unix_s=UNTIL_UNIX_S - 15, step_s=15)
    backtested = await replay([Variant(name="it", service=asked)], PrometheusOptions(url=url), ticks)
    live = await _served(replace(asked, spec=replace(asked.spec, mode=Mode.ADVISORY)), url, ticks)
    decisions = [moment.decision for moment in backtested["it"]]
    assert decisions == live
    assert len({str(decision.targets) for decision in decisions if decision}) >= 3  # it rose, and it fell


async def _served(asked: DisaggregatedService, url: str, ticks: Instants) -> list[Decision | None]:
    """As `serve` winds it, one instant query after the other."""
    source = PrometheusSource(PrometheusOptions(url=url, follow_server_clock=False))
    board = Board(interval_s=15.0, now_s=lambda: 0.0)
    ticker = Ticker(source=source, board=board, interval_s=15.0)
    seen: list[Decision | None] = []
    try:
        for at_unix_s in range(ticks.from_unix_s, ticks.until_unix_s + 1, ticks.step_s):
            await ticker.tick([asked], Instant(now_s=float(at_unix_s - ticks.from_unix_s), unix_s=float(at_unix_s)))
            entry = board.entry(asked.key)
            seen.append(entry.decision if entry else None)
    finally:
        await source.close()
    return seen


def test_what_it_would_have_wished_stands_beside_what_ran(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out.json"
    compare = ["--compare", "load.decode.targetPerReplica=400", "--current", "2P6D", "--json", str(out)]
    assert main(arguments(written(tmp_path, "day"), url, *compare)) == 0
    figures = json.loads(out.read_text(encoding="utf-8"))
    ran, wished, careful = figures["runs"].values()
    assert list(figures["runs"]) == ["as it ran", "as written", "load.decode.targetPerReplica=400"]
    assert ran["gpu_hours"] == pytest.approx((2 + 6) * 4 * 29 / 60, rel=0.01)
    assert ran["moves"] == 0
    assert ran["decode_minutes_short"] == pytest.approx(10.0, abs=1.0)  # 1000 tokens/s each where 800 is all they can
    assert 0 < wished["decode_minutes_short"] < 5.0  # until what was wished had started
    assert careful["gpu_hours"] > wished["gpu_hours"]
    assert figures["gaps"] == []
    printed = capsys.readouterr().out
    assert "as it ran" in printed
    assert "a wish changed nothing" in printed
    assert "prefill: never judged short" in printed


def test_a_gap_in_the_record_is_held_and_said(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out.json"
    assert main(arguments(written(tmp_path, "gap"), url, "--current", "2P6D", "--json", str(out))) == 0
    figures = json.loads(out.read_text(encoding="utf-8"))
    (gap,) = figures["gaps"]
    assert gap["from_unix_s"] == pytest.approx(START_UNIX_S + 60 * 15 + 45, abs=30)
    assert gap["to_unix_s"] == pytest.approx(START_UNIX_S + 80 * 15, abs=45)
    assert "no decode load" in gap["why"]
    assert figures["runs"]["as written"]["moves"] == 0
    assert "held" in capsys.readouterr().out


def test_the_pair_is_counted_for_a_window_where_nobody_says_it(url: str, tmp_path: Path):
    out = tmp_path / "out.json"
    assert main(arguments(written(tmp_path, "gap"), url, "--json", str(out))) == 0
    first = json.loads(out.read_text(encoding="utf-8"))["decisions"]["as written"][0]
    assert first["inForce"] == {"prefill": 2, "decode": 6}
    assert first["at_unix_s"] == START_UNIX_S + 60 + 60


def test_a_span_with_nothing_in_it_is_the_callers_mistake(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    when = ["--from", str(START_UNIX_S - 7200), "--to", str(START_UNIX_S - 3600)]
    assert main([*arguments(written(tmp_path, "day"), url)[:6], *when]) == 2
    assert "no series match" in capsys.readouterr().err
