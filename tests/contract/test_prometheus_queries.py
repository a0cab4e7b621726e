"""What is asked beside the presets' names, and as whom: the service's own PromQL, demand, duplicates, credentials."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from disaggregated_service.core.guard_spec import GuardMetric
from scaler.core.observation import Absent, Coverage, Histogram, Present, Signals, Why
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_source import PrometheusSource
from tests.fakes import prometheus_server
from tests.fakes.prometheus_proxy import PrometheusProxy
from tests.fakes.recording import Recording, instant, steady
from tests.services import service

START_UNIX_S = float(int(time.time()) - 6 * 3600)
STEADY = steady("steady")
END_S = STEADY.ends_at_s + 1.0


def near(tps: float) -> Any:
    return pytest.approx(tps, rel=0.02)


class CollectedTwice(Recording):
    """Two Prometheus jobs, or a pair of servers behind one store, collect the same replicas."""

    def openmetrics(self, start_unix_s: float) -> Iterator[str]:
        for line in super().openmetrics(start_unix_s):
            yield line
            yield line.replace('job="j"', 'job="again",prometheus_replica="b"')


class WithoutUp(Recording):
    """The selectors' labels are on the engines' series only."""

    def openmetrics(self, start_unix_s: float) -> Iterator[str]:
        return (line for line in super().openmetrics(start_unix_s) if not line.startswith("up{"))


RECORDINGS = {
    "steady": STEADY,
    "twice": CollectedTwice("twice", steady("twice").steps),
    "no-up": WithoutUp("no-up", steady("no-up").steps),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("prometheus") / "data"
    prometheus_server.load(folder, RECORDINGS.values(), START_UNIX_S)
    with prometheus_server.running(folder) as served:
        yield served


@pytest.fixture
async def source(url: str) -> AsyncIterator[PrometheusSource]:
    made = PrometheusSource(PrometheusOptions(url=url, follow_server_clock=False))
    yield made
    await made.close()


async def _observe(source: PrometheusSource, recording: str = "steady", **changes: Any) -> Signals:
    selectors = {role: RECORDINGS[recording].selector(role) for role in ("prefill", "decode")}
    signals = {"selectors": selectors, **changes.pop("signals", {})}
    asked = service(signals=signals, **changes)
    observed = await source.observe([asked], instant(END_S, START_UNIX_S), deadline_s=5.0)
    return observed[asked.key]


@pytest.mark.parametrize("name", ["decode_tps", "decodeTps"])
async def test_a_query_of_ones_own_per_replica_is_covered_like_a_presets(source: PrometheusSource, name: str):
    query = 'sum by (pod) (rate(vllm:generation_tokens_total{recording="steady",role="decode",pod!="d3"}[1m])) * 2'
    signals = await _observe(source, signals={"queries": {name: query}})
    assert signals.decode.load == Present(near(3000), 3, 0.0, Coverage(3, 4))
    assert "queries.decode_tps" in {named.used for named in signals.names}


async def test_a_query_of_ones_own_that_is_one_number_counts_as_whole(source: PrometheusSource):
    signals = await _observe(source, signals={"queries": {"decode_tps": "vector(42)"}})
    assert signals.decode.load == Present(42.0, 1, 0.0, Coverage(4, 4))


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ('vector(1) * on () group_left () vllm:num_requests_running{recording="nobody"}', Why.NO_SERIES),
        ("vector(0) / 0", Why.NOT_A_NUMBER),
        ('count by (role) (up{recording="steady"})', Why.AMBIGUOUS),
        ("sum(", Why.SOURCE_REFUSED),
    ],
)
async def test_a_query_of_ones_own_that_says_nothing_is_no_idle_pool(source: PrometheusSource, query: str, why: Why):
    signals = await _observe(source, signals={"queries": {"decode_tps": query}})
    assert isinstance(signals.decode.load, Absent)
    assert signals.decode.load.why is why


async def test_a_latency_query_of_ones_own_gives_buckets(source: PrometheusSource):
    name = "vllm:time_to_first_token_seconds_bucket"
    query = f'sum by (le) (increase({name}{{recording="steady",role="decode"}}[1m]) + 1)'
    signals = await _observe(source, signals={"queries": {"ttft": query, "tbt": "vector(1)"}})
    ttft, tbt = signals.latencies[GuardMetric.TTFT], signals.latencies[GuardMetric.TBT]
    assert isinstance(ttft, Present)
    assert ttft.value == Histogram((0.1, 0.25, 0.5, 1.0, 2.5, 5.0), (4.0,) * 6, 4.0)
    assert isinstance(tbt, Absent)


async def test_demand_is_the_sum_of_its_series(source: PrometheusSource):
    load = {"decode": {"demandMetric": 'rate(vllm:generation_tokens_total{recording="steady",role="decode"}[1m])'}}
    signals = await _observe(source, load=load)
    assert isinstance(signals.decode.demand, Present)
    assert signals.decode.demand.value == pytest.approx(2000, rel=0.02)
    assert signals.prefill.demand is None


async def test_demand_without_series_is_absent(source: PrometheusSource):
    signals = await _observe(source, load={"decode": {"demandMetric": "gateway_tokens_nobody_counts"}})
    assert isinstance(signals.decode.demand, Absent)
    assert signals.decode.demand.why is Why.NO_SERIES


async def test_a_pool_collected_twice_is_ambiguous_and_not_twice_as_busy(source: PrometheusSource):
    signals = await _observe(source, "twice")
    assert str(signals.ready) == "2P 4D"
    for reading in (signals.decode.load, signals.prefill.load, signals.decode.waiting):
        assert isinstance(reading, Absent)
        assert reading.why is Why.AMBIGUOUS
    assert all(isinstance(signals.latencies[metric], Absent) for metric in GuardMetric)


async def test_without_up_those_with_series_are_the_pool(source: PrometheusSource):
    signals = await _observe(source, "no-up")
    assert str(signals.ready) == str(signals.discovered) == "2P 4D"
    assert isinstance(signals.decode.load, Present)


async def test_an_empty_answer_is_nobody_and_no_load(source: PrometheusSource):
    signals = await _observe(
        source, signals={"selectors": {"prefill": 'role="nobody",x="1"', "decode": 'role="nobody"'}}
    )
    assert str(signals.ready) == "0P 0D"
    assert isinstance(signals.decode.load, Absent)
    assert signals.decode.load.why is Why.NO_SERIES
    used = {named.signal: named for named in signals.names}
    assert used["decode_tps"].missing == ("vllm:generation_tokens_total",)


async def _headers(url: str, **options: Any) -> tuple[dict[str, str], PrometheusSource, PrometheusProxy]:
    async with PrometheusProxy(url) as proxy:
        source = PrometheusSource(PrometheusOptions(url=proxy.url, **options))
        await source.observe([service()], instant(END_S, START_UNIX_S), deadline_s=5.0)
        await source.close()
        return proxy.queries[-1].headers, source, proxy


async def test_headers_such_as_a_tenant_are_sent(url: str):
    headers, *_ = await _headers(url, headers={"X-Scope-OrgID": "llm"})
    assert headers["X-Scope-OrgID"] == "llm"
    assert "Authorization" not in headers


async def test_basic_auth_takes_its_password_from_a_file(url: str, tmp_path: Path):
    password = tmp_path / "password"
    password.write_text("secret\n", encoding="utf-8")
    headers, *_ = await _headers(url, basic_auth_user="u", basic_auth_password_file=password)
    assert headers["Authorization"] == "Basic dTpzZWNyZXQ="


async def test_a_token_is_read_again_when_its_file_changes(url: str, tmp_path: Path):
    token = tmp_path / "token"
    token.write_text("one", encoding="utf-8")
    async with PrometheusProxy(url) as proxy:
        source = PrometheusSource(PrometheusOptions(url=proxy.url, bearer_token_file=token))
        for text in ("one", "two\n"):
            token.write_text(text, encoding="utf-8")
            await source.observe([service()], instant(END_S, START_UNIX_S), deadline_s=5.0)
            assert proxy.queries[-1].headers["Authorization"] == f"Bearer {text.strip()}"
        asked = len(proxy.queries)
        token.unlink()
        observed = await source.observe([service()], instant(END_S, START_UNIX_S), deadline_s=5.0)
        load = observed[service().key].decode.load
        assert isinstance(load, Absent)
        assert load.why is Why.SOURCE_REFUSED
        assert len(proxy.queries) == asked
        await source.close()
