"""The options of `simulate`, and the kinds of value they take."""

from __future__ import annotations

import argparse
import os

from heteroscale.command import options
from heteroscale.simulator.objective import EXAMPLE
from heteroscale.simulator.policy.registry import NAMES

DEFAULT_ENGINE = "llama-3.1-70b-h100-tp4"


def add_options(parser: argparse.ArgumentParser) -> None:
    """All of them, in the order of a thought: what, under which load, by whom, how often, where to."""
    parser.add_argument("service", metavar="SERVICE.yaml", type=options.path, help="a file with one service")
    parser.add_argument("--trace", metavar="FILE", type=options.path, required=True, help="the recorded load")
    parser.add_argument("--hours", metavar="FROM-UNTIL", type=hours, help="of the trace, as 6-14 (default all of it)")
    parser.add_argument("--scale", metavar="X", type=positive, default=1.0, help="factor on the load (default 1)")
    parser.add_argument(
        "--mean-input-tokens",
        metavar="N",
        type=positive,
        help="keep the token rates, and cut them into requests with prompts of this mean length",
    )
    parser.add_argument(
        "--engine",
        metavar="NAME",
        help=f"a preset, or prefill=NAME,decode=NAME (default {DEFAULT_ENGINE}, or the one of --engine-fit)",
    )
    parser.add_argument(
        "--engine-fit",
        metavar="FILE",
        type=options.path,
        help="fit one more engine to measured points; it is called like the file",
    )
    parser.add_argument("--start-up", metavar="TIME", type=options.seconds, default=120.0, help="mean (default 2m)")
    parser.add_argument(
        "--policy",
        metavar="NAME",
        action="append",
        help="all (default), or one of them with its settings as NAME:key=value,key=value; repeatable: "
        + ", ".join(NAMES),
    )
    parser.add_argument("--objective", metavar="EXPR", help=f'choose the best candidate, as in "{EXAMPLE}"')
    parser.add_argument("--seeds", metavar="N", type=count, default=10, help="runs per policy (default 10)")
    parser.add_argument(
        "--workers", metavar="N", type=count, default=os.cpu_count() or 1, help="processes (default: one per core)"
    )
    parser.add_argument("--dask", metavar="ADDRESS", help="run on this Dask scheduler instead, as tcp://HOST:8786")
    parser.add_argument("--json", metavar="FILE", type=options.path, help="write all figures to FILE")
    parser.add_argument("--report", metavar="FILE", type=options.path, help="write a report to FILE, one HTML page")


def hours(text: str) -> tuple[float, float]:
    """FROM-UNTIL in hours, as seconds."""
    begin, dash, end = text.partition("-")
    try:
        from_s, until_s = 3600 * float(begin), 3600 * float(end)
    except ValueError:
        from_s, until_s = 0.0, 0.0
    if not dash or not 0 <= from_s < until_s < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not FROM-UNTIL in hours, for instance 6-14")
    return from_s, until_s


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 10000")
    return int(text)
