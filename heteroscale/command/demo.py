"""`heteroscale demo`: eight recorded production hours in under two minutes, through the whole program.

The only thing that is not real is the world: replicas' metrics travel over HTTP, the scaler scrapes, decides and serves
them, and a stand-in for KEDA and the HPA reads the decisions over gRPC.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from rich.console import Console

from heteroscale.command import demo_report
from heteroscale.command.demo_frame import Frame, Outcome
from heteroscale.command.demo_loop import Watch
from heteroscale.command.demo_play import play
from heteroscale.command.demo_service import HOURS
from heteroscale.command.live_view import LiveView

EXAMPLE = "example:\n  heteroscale demo --json out.json"
REPORT_EVERY_S = 900.0  # without a terminal: a line at every move, and one a quarter of an hour


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "demo",
        help="eight recorded hours of a simulated service, scaled through KEDA's protocol",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and all decisions to FILE")
    parser.add_argument("--seed", type=int, default=1, help="of arrivals, lengths and start-up times (default 1)")
    parser.add_argument(
        "--hours", type=_hours, default=float(HOURS), help=f"how much of the {HOURS} hours from 06:00 (default all)"
    )
    parser.add_argument(
        "--speed",
        type=_positive,
        metavar="FACTOR",
        help="at most this many times real time (default as fast as it goes)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play it, show it, print the summary; 0, or 2 where the file cannot be written."""
    wrong = "" if args.json is None else _unwritable(args.json)
    if wrong:
        print(f"--json {args.json}: {wrong}", file=sys.stderr)
        return 2
    outcome = asyncio.run(_shown(args))
    print(demo_report.summary(outcome))
    if args.json is not None:
        args.json.write_text(json.dumps(demo_report.as_json(outcome), indent=1) + "\n", encoding="utf-8")
    return 0


def _unwritable(path: Path) -> str:
    """Why the file could not be written, found out before two minutes are spent on it; empty if it can."""
    folder = path.resolve().parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    try:
        with path.open("a", encoding="utf-8"):
            return ""
    except OSError as error:
        return error.strerror or str(error)


async def _shown(args: argparse.Namespace) -> Outcome:
    paced = _paced(args.speed)
    console = Console()
    if not console.is_terminal:
        return await play(seed=args.seed, hours=args.hours, watch=_printing(paced))
    with LiveView(console, until_s=args.hours * 3600) as view:

        async def drawing(frame: Frame) -> None:
            view.show(frame)
            await paced(frame)

        return await play(seed=args.seed, hours=args.hours, watch=drawing)


def _printing(paced: Watch) -> Watch:
    async def printing(frame: Frame) -> None:
        if frame.moved or frame.at_s % REPORT_EVERY_S == 0:
            print(demo_report.line(frame), flush=True)
        await paced(frame)

    return printing


def _paced(speed: float | None) -> Watch:
    begun_s = time.monotonic()

    async def paced(frame: Frame) -> None:
        if speed is not None:
            await asyncio.sleep(max(0.0, begun_s + frame.at_s / speed - time.monotonic()))

    return paced


def _hours(text: str) -> float:
    value = _positive(text)
    if value > HOURS:
        raise argparse.ArgumentTypeError(f"{text}: more than the {HOURS} hours there are")
    return value


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value
