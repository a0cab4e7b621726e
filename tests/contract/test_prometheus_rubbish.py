"""A server that answers in the right form with the wrong things in it, without a Prometheus behind it."""

from __future__ import annotations

import asyncio
import json
from typing import Self

import pytest
from aiohttp import web

from scaler.core.observation import Absent, Why
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_query import PrometheusQuery
from scaler.edge.prometheus_source import PrometheusSource
from scaler.edge.signal_source import Instant

UNIX_S = 1_795_597_200.0
HUGE = 10**400


class Answering:
    """A query API that answers everything with the same result."""

    def __init__(self) -> None:
        self.result: object = []

    async def answer(self, request: web.Request) -> web.Response:
        data = {"status": "success", "data": {"resultType": "vector", "result": self.result}}
        return web.Response(text=json.dumps(data), content_type="application/json")


class Server:
    """`async with Server() as server`: on loopback."""

    def __init__(self) -> None:
        self.answering = Answering()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/v1/query", self.answering.answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


@pytest.mark.parametrize(
    "row",
    [
        {"metric": {}, "value": []},
        {"metric": {}, "value": ["1"]},
        {"metric": {}, "value": "1"},
        {"metric": {}, "value": [1, HUGE]},
        {"metric": {}, "values": [[1, "2"]]},
        {"metric": [1], "value": [1, "2"]},
        {"metric": None, "value": [1, "2"]},
        {"metric": {"pod": 7}, "value": [1, "2"]},
        None,
    ],
)
async def test_a_row_that_is_none_is_a_refusal_and_no_exception(row: object):
    async with Server() as server:
        server.answering.result = [row]
        query = PrometheusQuery(PrometheusOptions(url=server.url))
        answer = await query.ask("up", at_unix_s=None, within_s=5.0)
        query.close()
    assert answer == Absent(Why.SOURCE_REFUSED, "the answer is not the query API's")


@pytest.mark.parametrize("leap", ["253402300799", "NaN", "+Inf"])
async def test_one_answer_from_the_end_of_time_is_not_waited_for(leap: str):
    async with Server() as server:
        source = PrometheusSource(PrometheusOptions(url=server.url))
        believed: list[bool] = []
        for turn, says in enumerate((leap, f"{UNIX_S}", leap, f"{UNIX_S + 30}")):
            server.answering.result = [UNIX_S, says]
            instant = Instant(now_s=15.0 * turn, unix_s=UNIX_S)
            ends_at_s = asyncio.get_running_loop().time() + 5.0
            believed.append(not isinstance(await source._evaluated_at(instant, ends_at_s), Absent))
        await source.close()
    assert believed == [False, True, False, True]


async def test_a_server_whose_clock_is_ahead_is_believed_at_its_second_answer():
    async with Server() as server:
        source = PrometheusSource(PrometheusOptions(url=server.url))
        believed: list[float | Absent] = []
        for now_s in (0.0, 15.0, 30.0):
            server.answering.result = [UNIX_S, f"{UNIX_S + 86_400 + now_s}"]
            ends_at_s = asyncio.get_running_loop().time() + 5.0
            believed.append(await source._evaluated_at(Instant(now_s=now_s, unix_s=UNIX_S), ends_at_s))
        await source.close()
    assert isinstance(believed[0], Absent)
    assert believed[1:] == [UNIX_S + 86_415, UNIX_S + 86_430]
