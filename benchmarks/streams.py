"""How long a transition takes to reach a thousand open StreamIsActive streams, and what they hold in memory.

    python -m benchmarks.streams

All streams share one connection, as KEDA's do. The time runs from the publication on the board to the arrival of the
last message in the client's process; both read the same monotonic clock.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time

from benchmarks.servicer_client import Client, references
from benchmarks.servicer_world import board_of, entries, pin, resident_mb
from disaggregated_service.core.pair import Pair
from scaler.edge.keda_server import KedaServer, KedaServerSettings
from scaler.edge.telemetry import Telemetry

STREAMS = 1_000
PUSHES = 7
WANTED_MS = 100.0


async def measure() -> tuple[list[float], float, float]:
    """Milliseconds of each push, and resident MB before and with the streams open."""
    services = STREAMS // 2
    board = board_of(services)
    server = KedaServer(board, KedaServerSettings(listen="127.0.0.1:0"), Telemetry(board, version="benchmark"))
    address = await server.start()
    before_mb = resident_mb()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.streams", "--client", address, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()  # every stream has heard its present state
    open_mb = resident_mb()
    pushes_ms = []
    for number in range(PUSHES):
        pair = Pair(0, 0) if number % 2 == 0 else Pair(4, 12)
        published = entries(services, sequence=number + 2, pair=pair)
        started_s = time.monotonic()
        board.publish(published)
        pushes_ms.append((float(await process.stdout.readline()) - started_s) * 1000)
    assert await process.wait() == 0
    await server.drain(1.0)
    return pushes_ms, before_mb, open_mb


def be_the_client(address: str) -> None:
    pin(core=1)
    asked = [reference.SerializeToString() for reference in references(STREAMS // 2)]
    client = Client(address, "StreamIsActive", asked)
    client.send(STREAMS)
    for _ in range(1 + PUSHES):
        print(client.await_messages(STREAMS), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        be_the_client(arguments.client)
        return
    pin(core=0)
    pushes_ms, before_mb, open_mb = asyncio.run(measure())
    median_ms = statistics.median(pushes_ms)
    print(f"{'streams':>8}{'push to all, median ms':>24}{'worst ms':>10}{'RSS MB':>8}{'KB a stream':>13}")
    per_stream_kb = (open_mb - before_mb) * 1000 / STREAMS
    print(f"{STREAMS:8,}{median_ms:24.0f}{max(pushes_ms):10.0f}{open_mb:8.0f}{per_stream_kb:13.0f}")
    print(f"{median_ms / WANTED_MS:.2f} of the {WANTED_MS:.0f} ms that are wanted")


if __name__ == "__main__":
    main()
