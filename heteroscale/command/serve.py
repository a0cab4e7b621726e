"""`heteroscale serve`: watch the services, decide every few seconds, answer KEDA."""

from __future__ import annotations

import argparse
import asyncio
import sys

from heteroscale.command import options
from heteroscale.command.serve_options import OPTIONS, UnusableOptions, settings_from

EXAMPLE = """examples:
  heteroscale serve --services services/ --state /var/lib/heteroscale/state.json --prometheus http://prometheus:9090
  heteroscale serve --services small.yaml --current llm/small=1P2D     # reads the replicas' own metrics

Every option may also come from the environment, under the name in its help."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "serve",
        help="decide, and answer KEDA",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_options(parser, OPTIONS)
    parser.set_defaults(run=run, fail=parser.error)


def run(args: argparse.Namespace) -> int:
    """0 after a signal, 2 where it could not start for the caller's mistake."""
    options.fill_in(args, OPTIONS, args.fail, options.environment())
    from disaggregated_service.core.fault import InvalidServices
    from heteroscale.command.log_lines import log_to_standard_error
    from heteroscale.command.running import serve

    try:
        settings = settings_from(args)
        log_to_standard_error(settings.log_format)
        asyncio.run(serve(settings))
    except UnusableOptions as error:
        print(f"heteroscale serve: {error}", file=sys.stderr)
        return 2
    except InvalidServices as error:
        print(f"{error}\nheteroscale serve: --services: mend these faults first", file=sys.stderr)
        return 2
    return 0
