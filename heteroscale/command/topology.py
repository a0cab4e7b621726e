"""`heteroscale topology`: the network domains of a cluster as a tree: GPU classes, tiers, free and used, groups."""

from __future__ import annotations

import argparse

from heteroscale.command import options

EXAMPLE = """example:
  heteroscale topology --nodes nodes.json --profile topograph-v1
  heteroscale topology --nodes nodes.json --services services/ --json"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "topology",
        help="the network domains of a cluster, and what is free in them",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--nodes",
        metavar="FILE",
        type=options.path,
        required=True,
        help="what `kubectl get nodes,pods -A -o yaml` (or json) printed",
    )
    parser.add_argument(
        "--services", metavar="PATH", type=options.path, help="services and profiles: shows deployment groups too"
    )
    parser.add_argument(
        "--profile", metavar="NAME", help="a TopologyProfile of --services, or a preset (default: the one that fits)"
    )
    parser.add_argument("--json", action="store_true", help="the tree as JSON on standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, or 2 for what cannot be read and a profile that is not known."""
    from heteroscale.command.topology_run import picture

    return picture(args)
