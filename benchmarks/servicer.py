"""How much the servicer costs on top of grpc.aio itself.

    python -m benchmarks.servicer

Three servers in one process, one after another in rounds: an empty handler, an empty handler with the same
interceptors, and the real one over a board of a thousand services. The client is a process of its own, lean enough to
keep them busy; each has its own core where the system can do that. Medians of the rounds decide.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from typing import Any

import grpc

from benchmarks.servicer_client import Client, references
from benchmarks.servicer_world import board_of, pin, server_options
from scaler.edge.interceptors import CountingInterceptor, ErrorInterceptor
from scaler.edge.keda import METRIC_NAME, KedaServicer
from scaler.edge.keda_streams import ActivityStreams
from scaler.edge.telemetry import Telemetry
from scaler.wire import externalscaler_pb2 as wire
from scaler.wire import externalscaler_pb2_grpc as wire_grpc

SERVICES = 1_000
IN_FLIGHT = 16  # the HPA controller and KEDA's workers together have about as many calls in flight

EMPTY = wire.GetMetricsResponse(
    metricValues=[wire.MetricValue(metricName=METRIC_NAME, metricValue=12, metricValueFloat=12.0)]
)


class EmptyServicer(wire_grpc.ExternalScalerServicer):
    """What nobody can be faster than: a constant."""

    async def GetMetrics(self, request: wire.GetMetricsRequest, context: Any) -> wire.GetMetricsResponse:  # noqa: ARG002, N802
        return EMPTY


def variants() -> dict[str, tuple[wire_grpc.ExternalScalerServicer, list[grpc.aio.ServerInterceptor]]]:
    board = board_of(SERVICES)
    telemetry = Telemetry(board, version="benchmark")
    interceptors = [CountingInterceptor(telemetry, time.perf_counter), ErrorInterceptor(lambda: "none")]
    streams = ActivityStreams(board, lifetime_s=3600, spread=lambda: 0.0)
    return {
        "empty": (EmptyServicer(), []),
        "empty, same interceptors": (EmptyServicer(), interceptors),
        "heteroscale": (KedaServicer(board, streams), interceptors),
    }


async def measure(rounds: int, seconds: float) -> dict[str, list[tuple[float, float]]]:
    """Calls/s and CPU microseconds a call per variant, once a round each: the machine's moods meet all alike."""
    servers, addresses = [], {}
    for name, (servicer, interceptors) in variants().items():
        server = grpc.aio.server(interceptors=interceptors, options=server_options())
        wire_grpc.add_ExternalScalerServicer_to_server(servicer, server)
        addresses[name] = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        servers.append(server)
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in addresses}
    for number in range(rounds + 1):
        for name, address in addresses.items():
            used_s = time.process_time()
            rate, calls = await client(address, seconds)
            used_s = time.process_time() - used_s
            if number:  # the first round warms up
                rates[name].append((rate, used_s / calls * 1e6))
    for server in servers:
        await server.stop(0)
    return rates


async def client(address: str, seconds: float) -> tuple[float, int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.servicer", "--client", address, "--seconds", str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    rate, calls = out.split()
    return float(rate), int(calls)


def be_the_client(address: str, seconds: float) -> None:
    pin(core=1)
    asked = [
        wire.GetMetricsRequest(metricName=METRIC_NAME, scaledObjectRef=reference).SerializeToString()
        for reference in references(SERVICES)
    ]
    rate, calls = Client(address, "GetMetrics", asked).call(in_flight=IN_FLIGHT, seconds=seconds)
    print(rate, calls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        be_the_client(arguments.client, arguments.seconds)
        return
    pin(core=0)
    measured = asyncio.run(measure(arguments.rounds, arguments.seconds))
    rates = {name: statistics.median(rate for rate, _ in rounds) for name, rounds in measured.items()}
    ours = rates["heteroscale"]
    print(f"{'GetMetrics, one core, 16 in flight':36}{'calls/s':>10}{'CPU µs a call':>16}{'ours / it':>12}")
    for name, rate in rates.items():
        cpu_us = statistics.median(cpu_us for _, cpu_us in measured[name])
        print(f"{name:36}{rate:10,.0f}{cpu_us:16.0f}{ours / rate:12.2f}")
    wanted = {"empty": 0.75, "empty, same interceptors": 0.85}
    for name, least in wanted.items():
        print(f"{ours / rates[name]:.0%} of {name} (wanted: at least {least:.0%})")


if __name__ == "__main__":
    main()
