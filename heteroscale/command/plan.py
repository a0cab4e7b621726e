"""`heteroscale plan`: one planning cycle over files, without a cluster: which groups the wanted pairs would get.

It starts from the pairs that run in --nodes. What is printed feeds `heteroscale place` and `heteroscale webhook`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.pair import ROLES, Pair
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.command import options

EXAMPLE = """example:
  kubectl get nodes,pods -A -o json > nodes.json
  heteroscale plan --services services/ --nodes nodes.json --want llm/chat-70b=6P18D > plan.yaml"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "plan",
        help="where the replicas of a wanted pair would go",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--services", metavar="PATH", type=options.path, required=True, help="a YAML file of services, or a folder"
    )
    parser.add_argument(
        "--nodes",
        metavar="FILE",
        type=options.path,
        required=True,
        help="what `kubectl get nodes,pods -A -o yaml` (or json) printed",
    )
    parser.add_argument(
        "--want",
        metavar="NAMESPACE/NAME=PAIR",
        type=options.running_pair,
        action="append",
        default=[],
        help="the pair a service should have, for instance llm/chat-70b=6P18D (default: what runs; repeatable)",
    )
    parser.add_argument(
        "--policy-params",
        action="store_true",
        help="print the ConfigMaps that manifests/policy reads instead of the plan",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The plan on standard output, a line a service on standard error; 2 for what cannot be read."""
    from disaggregated_service.edge.folder import read_services
    from disaggregated_service.edge.scaled_object import to_yaml_stream
    from heteroscale.command.plan_cycle import planned_over, profiles_used
    from heteroscale.command.plan_document import outcome_words, plan_stream, written_in
    from heteroscale.command.policy_params import config_maps
    from heteroscale.inventory.cluster_file import read_inventory

    read = read_services(args.services)
    inventory = read_inventory(args.nodes, read.services)
    unknown = sorted({key for key, _ in args.want} - {service.key for service in read.services})
    if said(read.faults + inventory.faults):
        return 2
    if unknown or not read.services:
        missing = ", ".join(map(str, unknown)) or "DisaggregatedService"
        print(f"{args.services}: holds no {missing}; name another path", file=sys.stderr)
        return 2
    outside = [wrong for service in read.services for wrong in _outside(service, dict(args.want).get(service.key))]
    if outside:
        print("\n".join(outside), file=sys.stderr)
        return 2
    written = written_in(read)
    planned = planned_over(read, inventory, written, dict(args.want))
    for one in planned:
        print(f"{one.key}: from {one.in_force}: {outcome_words(one)}", file=sys.stderr)
    if args.policy_params:
        groups = {one.key: one.grant.groups for one in planned}
        placed = [(service, groups[service.key]) for service in read.services]
        labels = [node.labels for node in inventory.nodes]
        sys.stdout.write(to_yaml_stream(config_maps(placed, read.profiles, labels)))
    else:
        sys.stdout.write(plan_stream(planned, written, profiles_used(read)))
    return 0


def _outside(service: DisaggregatedService, wanted: Pair | None) -> Iterator[str]:
    """What is wrong with a pair that the scaler would never ask for."""
    if wanted is None:
        return
    for role in ROLES:
        spec, count = service.spec.roles.of(role), wanted.of(role)
        if not spec.min_replicas <= count <= spec.max_replicas:
            yield (
                f"--want {service.key}: {count} {role} replicas are outside of "
                f"{spec.min_replicas}..{spec.max_replicas}; name a pair within minReplicas and maxReplicas"
            )


def said(faults: Sequence[Fault]) -> bool:
    """Whether there were any, after printing them."""
    for fault in faults:
        print(fault, file=sys.stderr)
    return bool(faults)
