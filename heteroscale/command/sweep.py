"""`heteroscale sweep`: the best ratio of prefill to decode, and what one replica carries: the pressure test.

It simulates every split of a fixed number of replicas, each at the most it carries within the SLO, and prints what to
put into the service: capacity and target per replica, the ratio, and the ratio's mode.
"""

from __future__ import annotations

import argparse
import sys

from disaggregated_service.core import duration
from heteroscale.command import options

EXAMPLE = """examples:
  heteroscale sweep --input-tokens 3000 --output-tokens 350 --ttft 1s --tbt 40ms
  heteroscale sweep examples/chat-70b.yaml --trace day.csv --mean-input-tokens 4000 --engine llama-3.1-70b-h100-tp4"""

DEFAULT_ENGINE = "llama-3.1-70b-h100-tp4"
UNITS_MAX = 200


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "sweep",
        help="the best ratio, and what one replica carries",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "service", metavar="SERVICE.yaml", nargs="?", type=options.path, help="its guards' targets are the SLO"
    )
    parser.add_argument(
        "--engine",
        metavar="NAME",
        default=DEFAULT_ENGINE,
        help=f"a preset, or prefill=NAME,decode=NAME (default {DEFAULT_ENGINE})",
    )
    parser.add_argument("--input-tokens", metavar="N", type=_positive, help="mean length of a prompt")
    parser.add_argument("--output-tokens", metavar="N", type=_positive, help="mean length of an answer")
    parser.add_argument("--trace", metavar="FILE", type=options.path, help="take lengths, and their drift, from a load")
    parser.add_argument(
        "--mean-input-tokens", metavar="N", type=_positive, help="cut a trace's token rates into prompts of this mean"
    )
    parser.add_argument("--ttft", metavar="TIME", type=_latency, help="SLO of the first token, instead of the guard's")
    parser.add_argument("--tbt", metavar="TIME", type=_latency, help="SLO between tokens, instead of the guard's")
    parser.add_argument(
        "--attained", metavar="FRAC", type=_fraction, default=0.99, help="share that must meet both (default 0.99)"
    )
    parser.add_argument("--units", metavar="N", type=_units, default=16, help="replicas to be split (default 16)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="of arrivals and lengths (default 1)")
    parser.add_argument("--json", metavar="FILE", type=options.path, help="write all splits and the advice to FILE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, or 2 for what cannot be swept."""
    from heteroscale.command.sweep_run import CallersMistake, sweep

    try:
        sweep(args)
    except CallersMistake as mistake:
        print(mistake, file=sys.stderr)
        return 2
    return 0


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tokens from 1 to 10,000,000")
    return value


def _latency(text: str) -> float:
    value = duration.parse(text)
    if value is None or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration, for instance 40ms or 1s")
    return value


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1, for instance 0.99")
    return value


def _units(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 3 <= int(text) <= UNITS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 3 to {UNITS_MAX}")
    return int(text)
