"""`heteroscale backtest`: what the controller would have wished over recorded series, against what was running.

Open loop: the readings are those of the pools that really ran, and a wish changes nothing in them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from heteroscale.command import options
from heteroscale.command.options import Option
from heteroscale.command.serve_options import PROMETHEUS_OPTIONS, UnusableOptions

EXAMPLE = """example:
  heteroscale backtest llm/chat-70b --services services/ --prometheus http://prometheus:9090 \\
      --from now-24h --to now --compare load.decode.targetPerReplica=2100 --compare damping.in=0.3,hpaTolerance=0.1"""

OPTIONS = (
    Option(
        flag="--services", metavar="PATH", convert=options.path, words="a YAML file of services, or a folder of them"
    ),
    *PROMETHEUS_OPTIONS,
    Option(
        flag="--interval",
        metavar="TIME",
        convert=options.seconds,
        default="15s",
        words="time between ticks, in seconds",
    ),
    Option(
        flag="--start-up",
        metavar="TIME",
        convert=options.seconds,
        default="2m",
        words="how long a wished replica takes until it serves",
    ),
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "backtest",
        help="what the controller would have wished over recorded series",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("service", metavar="NAMESPACE/NAME", type=options.service_key)
    when = "RFC 3339 with a zone, Unix seconds, now, or now-6h"
    parser.add_argument("--from", dest="from_text", metavar="T", required=True, help=f"the first tick: {when}")
    parser.add_argument("--to", dest="to_text", metavar="T", required=True, help="the end, likewise")
    parser.add_argument(
        "--compare",
        metavar="PARAM=VALUE,...",
        action="append",
        default=[],
        help="the same with parameters of the spec changed, named as below spec (repeatable: one variant each)",
    )
    parser.add_argument("--current", metavar="4P12D", help="what ran at the first tick; else counted for a window")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, gaps and decisions to FILE")
    options.add_options(parser, OPTIONS)
    parser.set_defaults(run=run, fail=parser.error)


def run(args: argparse.Namespace) -> int:
    """0, or 2 for a caller's mistake, a server that cannot be asked, and a span in which there is nothing."""
    options.fill_in(args, OPTIONS, args.fail, options.environment())
    from heteroscale.command.backtest_run import backtest

    try:
        backtest(args)
    except UnusableOptions as error:
        print(error, file=sys.stderr)
        return 2
    return 0
