"""The world against a table that another simulator and another program of ours agree on: static fleets, real requests.

    python -m benchmarks.check_external conversation_trace.jsonl

The trace is Mooncake's conversation trace (kvcache-ai/Mooncake), which is not shipped. Of its first 2,400 requests
(798 s) AISimulate admitted 2,253 on Qwen3-32B-FP8, H200, TP1, prefix cache off; its TTFT and that of a queue of sixty
lines with round robin are in the table below, the latter being what this world is held to, within 5 %. Two things the
table does not say, and how they are taken: who was not admitted (here: the longest contexts, as a limit of the model's
length would have it), and whether TTFT has the KV transfer in it (both are tried; one of them must hold in every cell).
Exit code 0: it holds; 1: it does not; 2: the file is not that trace.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disaggregated_service.core.pair import Pair
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.engines import ENGINES
from heteroscale.simulator.trace import RequestTrace, Trace, TraceError, read_trace
from heteroscale.simulator.world.engine import Link
from heteroscale.simulator.world.fast_world import FastWorld
from heteroscale.simulator.world.interface import Routing
from heteroscale.simulator.world.network import INSIDE, Network

ENGINE = ENGINES["qwen3-32b-h200-tp1"]
OFFERED = 2400
ADMITTED = 2253
TOLERANCE = 0.05
FIGURES = ("mean", "p50", "p90", "p99")
AT_ONCE = Link(setup_s=0.0, bytes_per_s=math.inf)


@dataclass(frozen=True, slots=True)
class Row:
    """TTFT in ms, in the order of FIGURES: the queue with round robin, and AISimulate."""

    pair: Pair
    round_robin: tuple[float, float, float, float]
    aisimulate: tuple[float, float, float, float]


TABLE = (
    Row(Pair(6, 3), (1244, 819, 3008, 5511), (1322, 908, 3061, 5641)),
    Row(Pair(8, 4), (1037, 629, 2644, 4814), (1108, 699, 2676, 4867)),
    Row(Pair(10, 4), (928, 552, 2401, 4489), (985, 608, 2496, 4687)),
    Row(Pair(12, 6), (872, 511, 2292, 4444), (919, 546, 2338, 4492)),
)


class WrongTraceError(ValueError):
    """The file is a trace, but not the one that the table is about."""


def admitted(trace: Trace, offered: int = OFFERED, served: int = ADMITTED) -> Requests:
    """The first `offered` requests without the longest contexts, so that `served` remain.

    Raises WrongTraceError for a trace that has fewer, and for one of rates.
    """
    if not isinstance(trace, RequestTrace):
        raise WrongTraceError("it holds rates, not single requests")
    if len(trace) < offered:
        raise WrongTraceError(f"it has {len(trace):,} requests; the table is about the first {offered:,}")
    contexts = (trace.prompt_tokens + trace.output_tokens)[:offered]
    kept = np.sort(np.argsort(contexts, kind="stable")[:served])
    return Requests(
        trace.arrival_s[kept], np.maximum(1, trace.prompt_tokens[kept]), np.maximum(1, trace.output_tokens[kept])
    )


def ttft_ms(requests: Requests, pair: Pair, link: Link) -> tuple[float, ...]:
    """Mean, p50, p90, p99 with round robin, in the order of FIGURES."""
    world = FastWorld(
        requests=requests,
        prefill=ENGINE,
        decode=ENGINE,
        replicas=pair,
        network=Network(inside=link),
        routing=Routing.ROUND_ROBIN,
    )
    world.finish()
    measured = world.results.ttft_s() * 1000
    return float(measured.mean()), *(float(np.percentile(measured, at)) for at in (50, 90, 99))


def compare(requests: Requests, link: Link, table: Iterable[Row] = TABLE) -> tuple[list[str], float]:
    """Lines to print, and the largest relative distance from the round-robin column."""
    lines, worst = [f"{'':8}" + "".join(f"{figure:>22}" for figure in FIGURES)], 0.0
    for row in table:
        found = ttft_ms(requests, row.pair, link)
        off = [ours / theirs - 1 for ours, theirs in zip(found, row.round_robin, strict=True)]
        worst = max(worst, *map(abs, off))
        cells = zip(found, row.round_robin, off, strict=True)
        lines.append(
            f"{row.pair.prefill}P{row.pair.decode}D".ljust(8)
            + "".join(f"{a:>8,.0f} /{b:>6,.0f} {c:+5.1%}" for a, b, c in cells)
        )
    return lines, worst


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="check_external", description="TTFT in ms: this world / the table, the distance."
    )
    parser.add_argument("trace", type=Path, help="Mooncake's conversation trace, JSON lines")
    args = parser.parse_args(arguments)
    try:
        requests = admitted(read_trace(args.trace))
    except (TraceError, WrongTraceError) as error:
        print(f"{args.trace}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{args.trace}: {error.strerror}", file=sys.stderr)
        return 2
    contexts = requests.prompt_tokens + requests.output_tokens
    print(
        f"{len(requests):,} of {OFFERED:,} requests in {requests.arrival_s[-1]:,.0f} s, up to {contexts.max():,} tokens"
    )
    print(f"engine {ENGINE.name}: {ENGINE.quantisation}; {ENGINE.source}")
    worst = []
    for name, link in (("without the KV transfer", AT_ONCE), ("with the KV transfer", INSIDE)):
        lines, distance = compare(requests, link)
        worst.append(distance)
        print(f"\n{name}: at most {distance:.1%} away", *lines, sep="\n")
    return int(min(worst) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
