"""The whole program in a process of its own, in real time: seconds where production has quarters of a minute."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import yaml

from scaler.wire import externalscaler_pb2 as wire
from tests.command.running_program import Keda, Program, run_command
from tests.fakes.exporter import Exporter
from tests.fakes.exporter_text import Vllm
from tests.fakes.recording import work
from tests.services import spec_data

FAST = ("--interval", "1s", "--scrape-interval", "1s")
REPLICAS = ("p0", "p1", "d0", "d1", "d2", "d3", "d4", "d5")


def service_text(exporter: Exporter, *, window: str = "4s", **changes: object) -> str:
    urls = {role: [exporter.url(name) for name in REPLICAS if name[0] == role[0]] for role in ("prefill", "decode")}
    signals = {"source": "scrape", "window": window, "staleAfter": "3s", "selectors": {}, "endpoints": urls}
    load = {"decode": {"metric": "decodeTps", "targetPerReplica": 500, "capacityPerReplica": 1000}}
    return yaml.safe_dump(
        {
            "apiVersion": "heteroscale.dev/v1alpha1",
            "kind": "DisaggregatedService",
            "metadata": {"name": "small", "namespace": "llm"},
            "spec": spec_data(signals=signals, load=load, **changes),
        }
    )


@pytest.fixture
async def exporter() -> AsyncIterator[Exporter]:
    """Two prefill and six decode replicas at full load."""
    began_s = time.monotonic()

    def text(name: str) -> str:
        replica = Vllm()
        work(replica, "prefill" if name[0] == "p" else "decode", time.monotonic() - began_s)
        replica.waiting = 0.0
        return replica.text()

    async with Exporter() as running:
        for name in REPLICAS:
            running.computes(name, lambda name=name: text(name))  # type: ignore[misc]
        yield running


async def test_from_the_first_scrape_to_the_drain_and_over_a_kill(exporter: Exporter, tmp_path: Path):
    services = tmp_path / "small.yaml"
    services.write_text(service_text(exporter))
    arguments = ("--services", services, "--state", tmp_path / "state.json", *FAST)

    async with Program(*arguments) as program:
        keda = Keda(program.keda, "llm", "small")
        assert await keda.asks("decode") is grpc.StatusCode.UNAVAILABLE
        _, output, _ = await run_command("explain", "llm/small", "--url", program.http)
        assert "no decision yet" in output
        assert (await keda.decided("prefill"), await keda.decided("decode")) == (2, 6)
        await program.said(r"llm/small #1: stays 2P 6D")
        code, output, errors = await run_command("explain", "llm/small", "--url", program.http)
        assert code == 0, errors
        assert "llm/small #1: stays 2P 6D (within_band)" in output
        assert "vllm:generation_tokens_total" in output
        code, output, _ = await run_command("explain", "llm/small", "--url", program.http, "--json")
        assert json.loads(output)["last"]["decision"]["published"] == {"prefill": 2, "decode": 6}
        code, _, errors = await run_command("explain", "llm/other", "--url", program.http)
        assert (code, "no service 'llm/other'" in errors) == (2, True)

        services.write_text(service_text(exporter, roles={"decode": {"minReplicas": 8}}))
        await program.said(r"has a changed spec")
        await program.said(r"llm/small #2: 2P 6D -> 3P 8D")
        services.write_text("{")
        await program.said(r"last good version")
        assert await keda.decided("decode") == 8
        program.process.kill()  # -9
        assert await program.ended() == -signal.SIGKILL
        await keda.close()

    services.write_text(service_text(exporter))
    async with Program(*arguments, "--log-format", "json") as program:
        keda = Keda(program.keda, "llm", "small")
        # Six replicas are discovered, eight were asked for: the raise is still under way.
        assert (await keda.decided("prefill"), await keda.decided("decode")) == (3, 8)
        assert all(json.loads(line) for line in program.lines)
        stream = keda.stream("decode")
        first = await stream.read()
        assert isinstance(first, wire.IsActiveResponse)
        assert first.result
        program.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(stream.read(), 10) is grpc.aio.EOF
        assert await stream.code() is grpc.StatusCode.OK
        assert await program.ended() == 0
        assert json.loads(program.lines[-1])["message"] == "stopped"
        await keda.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_at_once_while_it_is_still_starting(exporter: Exporter, tmp_path: Path, number: signal.Signals):
    for name in REPLICAS:
        exporter.hangs(name)
    (tmp_path / "small.yaml").write_text(service_text(exporter))
    async with Program("--services", tmp_path, *FAST) as program:
        program.process.send_signal(number)
        assert await program.ended() == 0


async def test_what_is_in_the_way_at_the_start_is_named_with_exit_code_2(exporter: Exporter, tmp_path: Path):
    (tmp_path / "small.yaml").write_text(service_text(exporter))
    (tmp_path / "sparse.yaml").write_text(service_text(exporter, window="3s"))
    free = ("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")
    serve = ("serve", "--services", tmp_path / "small.yaml", *FAST)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        mistakes = [
            (("serve", *free), "--services: is missing"),
            (("serve", *free, "--services", tmp_path / "nowhere"), "cannot be read"),
            (("serve", *free, *FAST, "--services", tmp_path / "sparse.yaml"), "spec.signals.window"),
            ((*serve, *free, "--current", "llm/smal=2P6D"), "--current llm/smal: no such service"),
            ((*serve, *free, "--current", "llm/small=2x6"), "--current: 'llm/small=2x6' is not"),
            ((*serve, *free, "--state", tmp_path / "nowhere/state.json"), "--state"),
            ((*serve, "--listen", address, "--http", "127.0.0.1:0"), f"cannot listen on {address}"),
            ((*serve, "--listen", "127.0.0.1:0", "--http", address), f"--http {address}"),
        ]
        answers = await asyncio.gather(*(run_command(*arguments) for arguments, _ in mistakes))
    for (arguments, words), (code, _, errors) in zip(mistakes, answers, strict=True):
        assert (code, words in errors) == (2, True), (arguments, errors)
        assert "Traceback" not in errors


async def test_a_second_process_does_not_touch_the_first_ones_state(exporter: Exporter, tmp_path: Path):
    (tmp_path / "small.yaml").write_text(service_text(exporter))
    arguments = ("--services", tmp_path / "small.yaml", "--state", tmp_path / "state.json", *FAST)
    async with Program(*arguments):
        code, _, errors = await run_command("serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments)
    assert code == 2
    assert "in use by another process; give each process a file of its own" in errors
