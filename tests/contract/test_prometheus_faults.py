"""What the server may do to us, each over a real Prometheus with recorded series behind a proxy that fails."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from disaggregated_service.core.guard_spec import GuardMetric
from scaler.core.observation import Absent, Present, Signals, Why
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_source import PrometheusSource
from tests.fakes import prometheus_server
from tests.fakes.exporter import Exporter
from tests.fakes.prometheus_proxy import PrometheusProxy
from tests.fakes.recording import instant, steady
from tests.services import service

START_UNIX_S = float(int(time.time()) - 6 * 3600)
RECORDING = steady("steady")
END_S = RECORDING.ends_at_s + 1.0
SERVICE = service(signals={"selectors": {role: RECORDING.selector(role) for role in ("prefill", "decode")}})
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("prometheus") / "data"
    prometheus_server.load(folder, [RECORDING], START_UNIX_S)
    with prometheus_server.running(folder) as url:
        yield url


@dataclass
class World:
    proxy: PrometheusProxy
    source: PrometheusSource

    async def observe(self, at_s: float = END_S, *, deadline_s: float = 5.0) -> Signals | None:
        observed = await self.source.observe([SERVICE], instant(at_s, START_UNIX_S), deadline_s=deadline_s)
        return observed.get(SERVICE.key)


@pytest.fixture
async def world(upstream: str) -> AsyncIterator[World]:
    async with PrometheusProxy(upstream) as proxy:
        source = PrometheusSource(
            PrometheusOptions(
                url=proxy.url, timeout_s=1.0, answer_bytes_max=MIB, rows_max=1000, follow_server_clock=False
            )
        )
        yield World(proxy, source)
        await source.close()


def _all_absent(signals: Signals | None, why: Why) -> Absent:
    """Every reading is absent for this reason, and the counts are those last known."""
    assert signals is not None
    assert str(signals.ready) == str(signals.discovered) == "2P 4D"
    readings = [
        signals.prefill.load,
        signals.decode.load,
        signals.prefill.waiting,
        signals.decode.running,
        *(signals.latencies[metric] for metric in GuardMetric),
    ]
    assert {reading.why for reading in readings if isinstance(reading, Absent)} == {why}
    assert all(isinstance(reading, Absent) for reading in readings)
    assert isinstance(signals.decode.load, Absent)
    return signals.decode.load


async def test_down_at_start_leaves_the_service_out(world: World):
    await world.proxy.stop_listening()
    assert await world.observe() is None


async def test_down_later_keeps_the_counts_last_known(world: World):
    await world.observe(END_S - 15.0)
    await world.proxy.stop_listening()
    _all_absent(await world.observe(), Why.SOURCE_DOWN)


async def test_a_hanging_server_is_slow_within_the_deadline(world: World):
    await world.observe(END_S - 15.0)
    world.proxy.hangs()
    began_s = time.monotonic()
    _all_absent(await world.observe(deadline_s=3.0), Why.SOURCE_SLOW)
    assert time.monotonic() - began_s < 2.5


async def test_an_answer_that_trickles_is_slow(world: World):
    await world.observe(END_S - 15.0)
    world.proxy.trickles()
    began_s = time.monotonic()
    _all_absent(await world.observe(deadline_s=3.0), Why.SOURCE_SLOW)
    assert time.monotonic() - began_s < 2.5


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ('{"status":"error","errorType":"bad_data","error":"it\'s \\"wrong\\""}', 400, 'HTTP 400 it\'s "wrong"'),
        ("<html>bad gateway</html>", 502, "HTTP 502"),
        ("no tenant", 401, "HTTP 401"),
        ('{"status":"error","error":"' + "x" * 10_000 + '"}', 422, "HTTP 422 xxx"),
        ("<html>sign in</html>", 200, "not JSON"),
        ("", 200, "not JSON"),
        ("[]", 200, "not the query API's"),
        ('{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}', 200, "not the query API's"),
        ('{"status":"success","data":null}', 200, "not the query API's"),
        ("[" * 100_000, 200, "not the query API's"),
    ],
)
async def test_an_answer_that_is_none_is_a_refusal_in_the_servers_words(
    world: World, body: str, status: int, words: str
):
    await world.observe(END_S - 15.0)
    world.proxy.answers(body, status=status)
    absent = _all_absent(await world.observe(), Why.SOURCE_REFUSED)
    assert words in absent.detail
    assert len(absent.detail) <= 200


async def test_a_server_that_comes_back_is_believed_at_once(world: World):
    before = await world.observe(END_S - 15.0)
    world.proxy.answers("busy", status=503)
    await world.observe(END_S - 5.0)
    world.proxy.recovers()
    after = await world.observe()
    assert before is not None
    assert after is not None
    assert isinstance(after.decode.load, Present)
    assert after.names == before.names


async def test_an_endless_answer_is_cut_and_not_kept(world: World):
    await world.observe(END_S - 15.0)
    async with Exporter() as flood:
        world.proxy.floods(flood, 1024 * MIB)
        tracemalloc.start()
        try:
            _all_absent(await world.observe(), Why.ANSWER_TOO_LARGE)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes < 16 * MIB
        assert flood.bytes_sent < 64 * MIB


async def test_more_series_than_allowed_are_too_large(world: World):
    await world.observe(END_S - 15.0)
    world.proxy.answers_rows([{"metric": {"n": str(n)}, "value": [0, "1"]} for n in range(1001)])
    signals = await world.observe()
    assert signals is not None
    assert isinstance(signals.decode.load, Absent)
    assert signals.decode.load.why is Why.ANSWER_TOO_LARGE
    assert str(signals.ready) == "2P 4D"


async def test_two_hours_without_data_are_no_load_and_no_idleness(world: World):
    await world.observe()
    signals = await world.observe(END_S + 7200.0)
    assert signals is not None
    assert isinstance(signals.decode.load, Absent)
    assert signals.decode.load.why is Why.NO_SERIES
    assert all(isinstance(signals.latencies[metric], Absent) for metric in GuardMetric)


@pytest.mark.parametrize("later_s", [50.0, 100.0])
async def test_samples_older_than_stale_after_are_stale_though_prometheus_still_shows_them(
    world: World, later_s: float
):
    await world.observe()
    signals = await world.observe(END_S + later_s)
    assert signals is not None
    assert str(signals.ready) == "2P 4D"
    assert isinstance(signals.decode.load, Absent)
    assert signals.decode.load.why is Why.STALE
    assert isinstance(signals.decode.waiting, Absent)


async def test_a_clock_set_back_shows_no_old_load_as_a_new_one(world: World):
    await world.observe()
    absent = _all_absent(await world.observe(END_S - 60.0), Why.STALE)
    assert "clock" in absent.detail
    caught_up = await world.observe(END_S + 1.0)
    assert caught_up is not None
    assert isinstance(caught_up.decode.load, Present)


async def test_all_queries_of_a_tick_are_evaluated_at_one_instant(world: World):
    await world.observe()
    times = {query.time for query in world.proxy.queries if query.promql != "time()"}
    assert times == {f"{START_UNIX_S + END_S:.3f}"}


async def test_our_own_clock_may_be_wrong_where_the_server_has_one(upstream: str):
    async with PrometheusProxy(upstream) as proxy:
        proxy.answers_rows([])
        source = PrometheusSource(PrometheusOptions(url=proxy.url))
        for wrong_by_s in (0.0, -86_400.0, 3600.0):
            await source.observe([SERVICE], instant(END_S, START_UNIX_S + wrong_by_s), deadline_s=3.0)
        assert {query.time for query in proxy.queries if query.promql != "time()"} == {"1700000000.000"}
        await source.close()


async def test_one_services_broken_matcher_costs_its_neighbours_nothing(world: World):
    broken = service(name="broken", signals={"selectors": {"prefill": 'role="prefill"', "decode": 'role=~"("'}})
    for at_s in (END_S - 1.0, END_S):  # in a union first, then apart
        observed = await world.source.observe([broken, SERVICE], instant(at_s, START_UNIX_S), deadline_s=5.0)
        good = observed[SERVICE.key].decode.load
        assert isinstance(good, Present)
        assert good.value == pytest.approx(2000, rel=0.02)
        assert broken.key not in observed


async def test_many_services_share_queries(world: World):
    many = [
        service(name=f"s{n}", signals={"selectors": {r: RECORDING.selector(r) for r in ("prefill", "decode")}})
        for n in range(8)
    ]
    await world.source.observe(many, instant(END_S - 15.0, START_UNIX_S), deadline_s=5.0)
    world.proxy.queries.clear()
    observed = await world.source.observe(many, instant(END_S, START_UNIX_S), deadline_s=5.0)
    assert len(observed) == 8
    assert all(isinstance(signals.decode.load, Present) for signals in observed.values())
    # By themselves 8 x 26 parts; together two histograms a service and one or two unions a signal.
    assert len(world.proxy.queries) <= 8 * 2 + 16
