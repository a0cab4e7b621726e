"""`heteroscale validate`: every fault of every service, at once, as `serve` would find them."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace

from disaggregated_service.core.fault import Fault
from disaggregated_service.edge.folder import ServicesRead, read_services
from heteroscale.command import options
from heteroscale.command.options import Option
from heteroscale.command.servable import servable

EXAMPLE = "example:\n  heteroscale validate services/\n  heteroscale validate --json chat-70b.yaml"
OPTIONS = (
    Option(
        flag="--interval", metavar="TIME", convert=options.seconds, default="15s", words="time between ticks in serve"
    ),
    Option(
        flag="--scrape-interval",
        metavar="TIME",
        convert=options.seconds,
        default="5s",
        words="time between scrapes in serve",
    ),
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "validate",
        help="every fault of a file or folder of services",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", type=options.path, help="a YAML file, or a folder of them")
    parser.add_argument("--json", action="store_true", help="faults as JSON on standard output")
    options.add_options(parser, OPTIONS)
    parser.set_defaults(run=run, fail=parser.error)


def run(args: argparse.Namespace) -> int:
    """0 where all is valid, else 2."""
    options.fill_in(args, OPTIONS, args.fail, options.environment())
    check = servable(scrape_interval_s=args.scrape_interval, interval_s=args.interval, has_prometheus=True)
    read = read_services(args.path)
    faults = [*read.faults]
    for service in read.services:
        if service.spec.signals is not None:  # only serve needs them
            source = f"{read.origins[service.key]} ({service.key})"
            faults += [replace(fault, source=fault.source or source) for fault in check(service)]
    if not read.services and not faults:
        wrong, right = "holds no DisaggregatedService", "write one, or name another path"
        faults.append(Fault(path=str(args.path), wrong=wrong, right=right))
    if args.json:
        print(json.dumps(_document(read, faults), indent=2))
    else:
        _say(read, faults)
    return 2 if faults else 0


def _document(read: ServicesRead, faults: list[Fault]) -> dict[str, object]:
    return {
        "valid": not faults,
        "services": [str(service.key) for service in read.services],
        "faults": [
            {"source": one.source, "line": one.line, "path": one.path, "wrong": one.wrong, "right": one.right}
            for one in faults
        ],
        "notes": list(read.notes),
    }


def _say(read: ServicesRead, faults: list[Fault]) -> None:
    for note in read.notes:
        print(note, file=sys.stderr)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}", file=sys.stderr)
    else:
        print(f"{len(read.services)} service{'s' if len(read.services) > 1 else ''}: all valid")
