"""How much a placement costs on top of the HTTPS server itself.

    python -m benchmarks.webhook

Three server processes, alike but for the handler: one reads the body and answers a constant; one does the least that
an API server accepts, which is to decode the review and echo its uid; one places the pod by a plan of a hundred
services on a thousand nodes. A client process asks each in turn, round by round, so that the
machine's moods meet all alike; medians of the rounds decide. Reviews are of 20 KB, over TLS, on kept connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.servicer_world import pin
from benchmarks.webhook_client import CONNECTIONS, arrive, connect, saturate
from benchmarks.webhook_world import EMPTY_NAME, LEAST_NAME, OURS_NAME, VARIANTS, requests, serve
from tests.contract.certificate_files import Authority

RATE = 1_000
WANTED_RATE_FRAC = 0.5
WANTED_P99_TIMES = 3.0

Figures = dict[str, float]


async def be_the_client(address: str, ca_pem: str, seconds: float) -> Figures:
    host, _, port = address.rpartition(":")
    made = requests(address)
    connections = await connect(host, int(port), ca_pem, CONNECTIONS)
    rate = await saturate(connections, made, seconds)
    latencies_s = await arrive(connections, made, RATE, seconds)
    for connection in connections:
        connection.close()
    return {
        "rate": rate,
        "p50_ms": 1e3 * latencies_s[len(latencies_s) // 2],
        "p99_ms": 1e3 * latencies_s[int(len(latencies_s) * 0.99)],
    }


async def program(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.webhook", *arguments, stdout=asyncio.subprocess.PIPE
    )


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    assert line, "it ended before it said anything"
    return line


async def measure(rounds: int, seconds: float, folder: Path) -> dict[str, list[Figures]]:
    authority = Authority()
    authority.leaf().write(folder, "tls")
    ca_file = folder / "ca.crt"
    ca_file.write_bytes(authority.pem)
    servers = {name: await program("--serve", name, "--folder", str(folder)) for name in VARIANTS}
    measured: dict[str, list[Figures]] = {name: [] for name in VARIANTS}
    try:
        addresses = {name: await line_of(server) for name, server in servers.items()}
        for number in range(rounds + 1):
            order = list(addresses.items())[:: 1 if number % 2 else -1]
            for name, address in order:
                spent_s = processor_s(servers[name].pid)
                client = await program("--client", address, "--folder", str(folder), "--seconds", str(seconds))
                figures: Figures = json.loads(await line_of(client))
                await client.wait()
                answered = seconds * (figures["rate"] + RATE)
                figures["processor_us"] = 1e6 * (processor_s(servers[name].pid) - spent_s) / answered
                figures["rss_mb"] = resident_mb(servers[name].pid)
                if number:  # the first round warms up
                    measured[name].append(figures)
    finally:
        for server in servers.values():
            if server.returncode is None:
                server.terminate()
            await server.wait()
    return measured


def resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def processor_s(pid: int) -> float:
    """Time that a process has had: what a review costs, whoever else uses the machine."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:
        return 0.0


def report(measured: dict[str, list[Figures]]) -> None:
    medians = {
        name: {key: statistics.median(figures[key] for figures in rounds) for key in rounds[0]}
        for name, rounds in measured.items()
    }
    print(f"{'reviews of 20 KB over TLS':28}{'reviews/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'µs each':>9}{'RSS MB':>9}")
    print(f"{f'{CONNECTIONS} connections':28}{'at most':>11}{f'at {RATE:,}/s':>18}{'processor':>10}")
    for name, figures in medians.items():
        rates = "".join(f"{figures[key]:9.2f}" for key in ("p50_ms", "p99_ms"))
        print(f"{name:28}{figures['rate']:11,.0f}{rates}{figures['processor_us']:9.0f}{figures['rss_mb']:9.0f}")
    empty, least, ours = (medians[name] for name in (EMPTY_NAME, LEAST_NAME, OURS_NAME))
    print(f"{ours['rate'] / empty['rate']:.0%} of the empty handler's rate (wanted: at least {WANTED_RATE_FRAC:.0%})")
    print(f"{ours['rate'] / least['rate']:.0%} of the rate of the least that is valid")
    print(f"{ours['p99_ms'] / empty['p99_ms']:.1f} times its p99 (wanted: at most {WANTED_P99_TIMES:g})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement")
    for hidden in ("--serve", "--client", "--folder"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        pin(core=0)
        asyncio.run(serve(arguments.serve, Path(arguments.folder)))
    elif arguments.client is not None:
        pin(core=1)
        ca_pem = (Path(arguments.folder) / "ca.crt").read_text()
        print(json.dumps(asyncio.run(be_the_client(arguments.client, ca_pem, arguments.seconds))), flush=True)
    else:
        with TemporaryDirectory() as folder:
            report(asyncio.run(measure(arguments.rounds, arguments.seconds, Path(folder))))


if __name__ == "__main__":
    main()
