"""Faults of a Prometheus, seen by a program that asks it: a real server, and a proxy before it that fails."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from aiohttp import web

from disaggregated_service.core.pair import Pair, Role
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_source import PrometheusSource
from scaler.edge.signal_source import Instant
from tests.fakes import prometheus_server
from tests.fakes.exporter import Exporter
from tests.fakes.prometheus_proxy import PrometheusProxy
from tests.fakes.recording import EVERY_S, Recording, Step, steady
from tests.faults.world import LONG_ENOUGH, RUNNING, FaultWorld, small_service

START_UNIX_S = float(int(time.time()) - 6 * 3600)
BUSY_UNTIL_S = 150.0
MIB = 1024 * 1024
Row = dict[str, Any]
FAULTS = ("down", "slow", "error", "nan", "empty", "foreign", "duplicated", "flood", "negative")


class LyingProxy(PrometheusProxy):
    """Passes questions on and changes the rows of the answers."""

    lie: Callable[[list[Row]], list[Row]] | None = None

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        answer = await super()._pass_on(request)
        assert isinstance(answer, web.Response)
        assert isinstance(answer.body, bytes)
        document = json.loads(answer.body)
        if self.lie is not None and document["data"]["resultType"] == "vector":
            document["data"]["result"] = self.lie(document["data"]["result"])
        return web.json_response(document, status=answer.status)


def _all_say(value: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{**row, "value": [row["value"][0], value]} for row in rows]


def _of_somebody_else(rows: list[Row]) -> list[Row]:
    """A backend that drops labels it does not know."""
    return [{**row, "metric": {"job": "something"}} for row in rows]


def _twice(rows: list[Row]) -> list[Row]:
    """Each series under two values, as from two servers that scrape the same replicas."""
    return [*rows, *({**row, "metric": {**row["metric"], "prometheus": "b"}, "value": [0, "1"]} for row in rows)]


def _then_idle(recording: Recording) -> Recording:
    last = recording.steps[-1]
    calm = {at: (text or "").replace("num_requests_waiting", "ignored") for at, text in last.said.items()}
    recording.steps += [Step(last.at_s + EVERY_S * turn, calm) for turn in range(1, LONG_ENOUGH + 1)]
    return recording


RECORDINGS = {"busy": steady("busy", until_s=BUSY_UNTIL_S), "idle": _then_idle(steady("idle", until_s=BUSY_UNTIL_S))}


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("prometheus") / "data"
    prometheus_server.load(folder, RECORDINGS.values(), START_UNIX_S)
    with prometheus_server.running(folder) as url:
        yield url


class Asked(FaultWorld):
    """A world behind a proxy."""

    def __init__(self, proxy: LyingProxy, flood: Exporter, recording: str = "busy") -> None:
        self.proxy = proxy
        self.flood = flood
        self.source = PrometheusSource(
            PrometheusOptions(
                url=proxy.url, timeout_s=0.3, answer_bytes_max=MIB, rows_max=1000, follow_server_clock=False
            )
        )
        selectors = {role.value: RECORDINGS[recording].selector(role.value) for role in Role}
        super().__init__(small_service(selectors=selectors), self.source, self._nothing)
        self.unix_s = START_UNIX_S + 76.0

    async def _nothing(self, instant: Instant) -> None: ...

    async def fails(self, fault: str) -> None:
        match fault:
            case "down":
                await self.proxy.stop_listening()
            case "slow":
                self.proxy.hangs()
            case "error":
                self.proxy.answers("busy", status=503)
            case "nan":
                self.proxy.lie = _all_say("NaN")
            case "empty":
                self.proxy.answers_rows([])
            case "foreign":
                self.proxy.lie = _of_somebody_else
            case "duplicated":
                self.proxy.lie = _twice
            case "negative":
                self.proxy.lie = _all_say("-1")
            case _:
                self.proxy.floods(self.flood, 1024 * MIB)


@pytest.fixture
async def asked(upstream: str) -> AsyncIterator[Asked]:
    async with LyingProxy(upstream) as proxy, Exporter() as flood:
        world = Asked(proxy, flood)
        async with world.serving():
            yield world
        await world.source.close()


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_befalls_prometheus_later_nothing_shrinks_and_everybody_can_see_why(asked: Asked, fault: str):
    await asked.tick(4)
    assert asked.published == [RUNNING] * 4
    await asked.fails(fault)
    await asked.tick(10)
    assert set(asked.published) == {RUNNING}
    assert "absent_load" in asked.reasons
    notes = {note.signal: note for note in asked.decision.readings}
    assert notes["decode_tps"].why
    why = notes["decode_tps"].why.partition(":")[0]
    assert asked.metric("reading_absent", signal="decode_tps", why=why) == 1
    assert await asked.answers() == RUNNING


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_befalls_prometheus_at_the_start_nobody_is_told_a_number_that_shrinks(asked: Asked, fault: str):
    await asked.fails(fault)
    await asked.tick(10)
    assert set(asked.published) <= {RUNNING}
    entry = asked.board.entry(asked.service.key)
    assert entry is not None
    if entry.decision is None:
        assert entry.waiting_for
        assert asked.metric("service_undecided") == 1
        assert await asked.answers() is grpc.StatusCode.UNAVAILABLE
    else:
        assert "absent_load" in asked.reasons
        assert await asked.answers() == RUNNING


async def test_a_prometheus_that_comes_back_is_believed_at_once(asked: Asked):
    await asked.fails("error")
    await asked.tick(2)
    asked.proxy.recovers()
    await asked.tick(2)
    assert asked.published[-1] == RUNNING
    assert "within_band" in asked.reasons


async def test_two_hours_without_data_hold_what_was_there(asked: Asked):
    await asked.tick(4)
    await asked.tick(24, step_s=300.0)
    assert set(asked.published) == {RUNNING}
    assert "absent_load" in asked.reasons
    assert await asked.answers() == RUNNING


async def test_a_clock_set_back_shows_no_old_load_as_a_new_one(asked: Asked):
    await asked.tick(4)
    asked.unix_s -= 3600.0
    await asked.tick(10)
    assert set(asked.published) == {RUNNING}
    assert "absent_load" in asked.reasons
    assert await asked.answers() == RUNNING


async def test_the_same_pool_does_shrink_when_it_is_idle(upstream: str):
    async with LyingProxy(upstream) as proxy, Exporter() as flood:
        world = Asked(proxy, flood, "idle")
        await world.tick(LONG_ENOUGH + 2)
        await world.source.close()
    assert world.published[0] == RUNNING
    assert world.published[-1] == Pair(1, 2)  # as small as the ratio allows
