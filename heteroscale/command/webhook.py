"""`heteroscale webhook`: answer the API server's admission reviews by a plan from a file."""

from __future__ import annotations

import argparse
import asyncio
import sys

from heteroscale.command import options
from heteroscale.command.serve_options import UnusableOptions
from heteroscale.command.webhook_options import OPTIONS, settings_from

EXAMPLE = """examples:
  heteroscale webhook --plan plan.yaml --nodes nodes.yaml --listen 127.0.0.1:8443 --tls-cert tls.crt --tls-key tls.key
  heteroscale webhook --plan plan.yaml --nodes nodes.yaml --tls-own certificates/ --http 127.0.0.1:8081

plan.yaml is what `heteroscale plan` prints, nodes.yaml what `kubectl get nodes,pods -A -o yaml` prints. Both are read
again when they change, and so are certificates. A pod is never rejected: what cannot be placed goes in untouched.
Every option may also come from the environment, under the name in its help."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "webhook",
        help="put new pods where the plan says",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_options(parser, OPTIONS)
    parser.set_defaults(run=run, fail=parser.error)


def run(args: argparse.Namespace) -> int:
    """0 after a signal, 2 where it could not start for the caller's mistake."""
    options.fill_in(args, OPTIONS, args.fail, options.environment())
    from heteroscale.command.log_lines import log_to_standard_error
    from heteroscale.command.webhook_running import serve

    try:
        settings = settings_from(args)
        log_to_standard_error(settings.log_format)
        asyncio.run(serve(settings))
    except UnusableOptions as error:
        print(f"heteroscale webhook: {error}", file=sys.stderr)
        return 2
    return 0
