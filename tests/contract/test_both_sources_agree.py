"""The same exporters, read by a real Prometheus and by our own scraping, give the same observation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import DisaggregatedService
from scaler.core.observation import Absent, Coverage, Histogram, Present, Quiet, Reading, Signals
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_source import PrometheusSource
from scaler.edge.scrape_options import ScrapeOptions
from scaler.edge.scrape_source import ScrapeSource
from tests.fakes import prometheus_server
from tests.fakes.exporter import Exporter
from tests.fakes.exporter_text import Vllm, dynamo_frontend
from tests.fakes.recording import EVERY_S, Recording, Step, instant, steady, work
from tests.services import service

START_UNIX_S = float(int(time.time()) - 6 * 3600)


def _edited(name: str, edit: Callable[[int, Recording], None]) -> Recording:
    recording = steady(name)
    for index in range(len(recording.steps)):
        edit(index, recording)
    return recording


def _resets(index: int, recording: Recording) -> None:
    """Decode replica 0 restarts 30 s before the end."""
    if index >= 7:
        restarted = Vllm()
        work(restarted, "decode", EVERY_S * (index - 6))
        _say(recording, index, ("decode", "d0"), restarted.text())


def _half_silent(index: int, recording: Recording) -> None:
    if index >= 5:
        for replica in ("d0", "d1"):
            _say(recording, index, ("decode", replica), None)


def _one_starts(index: int, recording: Recording) -> None:
    """A fifth decode replica does not answer at first, then once, then twice."""
    starting = Vllm()
    work(starting, "decode", EVERY_S * max(0, index - 6))
    _say(recording, index, ("decode", "d4"), starting.text() if index >= 7 else None)


def _nan(index: int, recording: Recording) -> None:
    text = recording.steps[index].said["decode", "d1"]
    assert text is not None
    broken = text.replace(
        'vllm:generation_tokens_total{engine="0",model_name="m"} ',
        'vllm:generation_tokens_total{engine="0",model_name="m"} NaN #',
    )
    _say(recording, index, ("decode", "d1"), "\n".join(line.split(" #")[0] for line in broken.splitlines()) + "\n")


def _old_engine(index: int, recording: Recording) -> None:
    """No tokens by source, and the name of TBT before it was a mean over one request."""
    for at, text in recording.steps[index].said.items():
        assert text is not None
        old = text.replace("request_time_per_output_token_seconds", "time_per_output_token_seconds")
        lines = [line for line in old.splitlines() if "by_source" not in line]
        _say(recording, index, at, "\n".join(lines) + "\n")


def _idle(index: int, recording: Recording) -> None:
    for at in recording.steps[index].said:
        _say(recording, index, at, Vllm(generated=100.0, prompt_computed=50.0).text())


def _frontends(silent: bool) -> Callable[[int, Recording], None]:
    def edit(index: int, recording: Recording) -> None:
        for replica, tokens_per_s in (("f0", 700), ("f1", 300)):
            text = dynamo_frontend(output_tokens=tokens_per_s * EVERY_S * (index + 1), queued=3)
            mute = silent and replica == "f1" and index >= 5
            _say(recording, index, ("frontend", replica), None if mute else text)

    return edit


def _say(recording: Recording, index: int, at: tuple[str, str], text: str | None) -> None:
    step = recording.steps[index]
    recording.steps[index] = Step(step.at_s, {**step.said, at: text})


RECORDINGS = {
    recording.name: recording
    for recording in (
        steady("steady"),
        steady("young", until_s=30.0),
        _edited("resets", _resets),
        _edited("half-silent", _half_silent),
        _edited("one-starts", _one_starts),
        _edited("nan", _nan),
        _edited("old-engine", _old_engine),
        _edited("idle", _idle),
        _edited("frontends", _frontends(silent=False)),
        _edited("frontend-silent", _frontends(silent=True)),
    )
}


@pytest.fixture(scope="module")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("prometheus") / "data"
    prometheus_server.load(folder, RECORDINGS.values(), START_UNIX_S)
    with prometheus_server.running(folder) as url:
        yield url


def _served(recording: Recording, exporter: Exporter) -> tuple[DisaggregatedService, DisaggregatedService]:
    """The service as either source sees it."""
    engine = "dynamo" if recording.name.startswith("frontend") else "vllm"
    places = ("prefill", "decode", *(("frontend",) if engine == "dynamo" else ()))
    asked = service(
        engine=engine,
        signals={"selectors": {place: recording.selector(place) for place in places}, "replicaLabel": "pod"},
    )
    replicas = sorted(recording.steps[-1].said)
    endpoints = {place: [exporter.url(name) for of, name in replicas if of == place] for place in places}
    scraped = service(engine=engine, signals={"source": "scrape", "endpoints": endpoints})
    return asked, scraped


async def _asked(url: str, recording: Recording, asked: DisaggregatedService) -> Signals:
    source = PrometheusSource(PrometheusOptions(url=url, follow_server_clock=False))
    try:
        # A tick before it as well: what the source remembers must not change what it sees.
        ends_at_s = recording.ends_at_s + 1.0
        await source.observe([asked], instant(ends_at_s - EVERY_S, START_UNIX_S), deadline_s=10.0)
        observed = await source.observe([asked], instant(ends_at_s, START_UNIX_S), deadline_s=10.0)
        return observed[asked.key]
    finally:
        await source.close()


async def _scraped(exporter: Exporter, recording: Recording, scraped: DisaggregatedService) -> Signals:
    source = ScrapeSource(ScrapeOptions(interval_s=EVERY_S))
    try:
        for step in recording.steps:
            for (_, replica), text in step.said.items():
                if text is None:
                    exporter.dies(replica)
                else:
                    exporter.says(replica, text)
            await source.scrape([scraped], instant(step.at_s))
        observed = await source.observe([scraped], instant(recording.ends_at_s + 1.0), deadline_s=1.0)
        return observed[scraped.key]
    finally:
        await source.close()


@pytest.mark.parametrize("name", sorted(RECORDINGS))
async def test_both_sources_observe_the_same(name: str, prometheus_url: str):
    recording = RECORDINGS[name]
    async with Exporter() as exporter:
        asked, scraped = _served(recording, exporter)
        by_prometheus = await _asked(prometheus_url, recording, asked)
        by_us = await _scraped(exporter, recording, scraped)
    assert (by_prometheus.ready, by_prometheus.discovered) == (by_us.ready, by_us.discovered)
    assert by_prometheus.names == by_us.names
    for role in Role:
        theirs, ours = by_prometheus.of(role), by_us.of(role)
        _same(theirs.load, ours.load)
        _same(theirs.waiting, ours.waiting)
        _same(theirs.running, ours.running)
    for metric in GuardMetric:
        _same(by_prometheus.latencies[metric], by_us.latencies[metric])


def _same(theirs: Reading[float] | Reading[Histogram], ours: Reading[float] | Reading[Histogram]) -> None:
    if isinstance(theirs, Present) and isinstance(ours, Present):
        assert theirs.coverage == ours.coverage
        assert theirs.age_s == pytest.approx(ours.age_s, abs=0.01)
        assert theirs.samples == pytest.approx(ours.samples, rel=0.05, abs=1)
        _same_value(theirs.value, ours.value)
    elif isinstance(theirs, Absent) and isinstance(ours, Absent):
        assert theirs.why is ours.why
    else:
        assert isinstance(theirs, Quiet), (theirs, ours)
        assert isinstance(ours, Quiet), (theirs, ours)
        assert theirs.samples == ours.samples


def _same_value(theirs: float | Histogram, ours: float | Histogram) -> None:
    if isinstance(theirs, Histogram) and isinstance(ours, Histogram):
        assert theirs.bounds_s == ours.bounds_s
        assert theirs.cumulative == pytest.approx(ours.cumulative, rel=0.03, abs=0.01)
        assert theirs.total == pytest.approx(ours.total, rel=0.03)
    else:
        assert theirs == pytest.approx(ours, rel=0.03)


async def test_what_is_observed_is_what_was_played(prometheus_url: str):
    """Agreement alone would let both be wrong."""
    recording = RECORDINGS["steady"]
    async with Exporter() as exporter:
        asked, _ = _served(recording, exporter)
        signals = await _asked(prometheus_url, recording, asked)
    assert str(signals.ready) == str(signals.discovered) == "2P 4D"
    decode, prefill = signals.decode.load, signals.prefill.load
    assert isinstance(decode, Present)
    assert isinstance(prefill, Present)
    assert decode.value == pytest.approx(4 * 500, rel=0.02)
    assert prefill.value == pytest.approx(2 * 1000, rel=0.02)  # 300 more came from the cache
    assert decode.coverage == Coverage(4, 4)
    assert decode.age_s == pytest.approx(1.0, abs=0.01)
    ttft = signals.latencies[GuardMetric.TTFT]
    assert isinstance(ttft, Present)
    assert ttft.value.total == pytest.approx(2 * 2 * 60, rel=0.02)
    assert ttft.value.cumulative[3] == pytest.approx(0.9 * ttft.value.total, rel=0.02)
    assert signals.sample_interval_s == pytest.approx(EVERY_S)
