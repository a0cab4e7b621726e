"""`heteroscale render`: the ScaledObjects of each service, for `kubectl apply -f -`.

With --scheduler-profile, in their place: a kube-scheduler configuration that fills nodes as the planner assumes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.edge.folder import read_services
from disaggregated_service.edge.scaled_object import Tls, scaled_objects, to_yaml_stream, warnings
from heteroscale.command import options
from heteroscale.command.scheduler_profile import GPU_RESOURCES, scheduler_configuration, to_yaml

EXAMPLE = """example:
  heteroscale render services/ --scaler-address heteroscale.heteroscale.svc:6000 | kubectl apply -f -
  heteroscale render chat-70b.yaml --scaler-address heteroscale:6000 --kubernetes-version 1.34
  heteroscale render --scheduler-profile > config.yaml"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "render",
        help="the ScaledObjects of each service, as YAML",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path", metavar="PATH", type=options.path, nargs="?", help="a YAML file of services, or a folder of them"
    )
    parser.add_argument(
        "--scaler-address",
        metavar="HOST:PORT",
        type=options.address,
        help="where KEDA finds serve's --listen, from inside the cluster",
    )
    parser.add_argument(
        "--kubernetes-version",
        metavar="1.MINOR",
        type=options.kubernetes_minor,
        default="1.35",
        help="of the cluster; below 1.35 the HPAs take no tolerance of their own (default 1.35)",
    )
    parser.add_argument("--tls", action="store_true", help="KEDA dials with TLS, trusting its operator's own roots")
    parser.add_argument(
        "--tls-authentication",
        metavar="NAME",
        help="with TLS, by a TriggerAuthentication of this name in each service's namespace",
    )
    parser.add_argument(
        "--scheduler-profile",
        action="store_true",
        help="print a kube-scheduler configuration instead (GPU resources of PATH's topology profiles included)",
    )
    parser.set_defaults(run=run, fail=parser.error)


def run(args: argparse.Namespace) -> int:
    """YAML on standard output, warnings on standard error; 2 where a service cannot be rendered."""
    if args.scheduler_profile and args.path is None:
        sys.stdout.write(to_yaml(scheduler_configuration()))
        return 0
    if args.path is None or (args.scaler_address is None and not args.scheduler_profile):
        args.fail("ScaledObjects need PATH and --scaler-address")
    read = read_services(args.path)
    for fault in read.faults:
        print(fault, file=sys.stderr)
    if read.faults:
        print("nothing was rendered: mend these faults first", file=sys.stderr)
        return 2
    if args.scheduler_profile:
        resources = [profile.gpu_resource for profile in read.profiles.values()]
        sys.stdout.write(to_yaml(scheduler_configuration((*GPU_RESOURCES, *resources))))
        return 0
    if not read.services:
        print(f"{args.path}: holds no DisaggregatedService; name another path", file=sys.stderr)
        return 2
    tls = Tls(authentication=args.tls_authentication) if args.tls or args.tls_authentication else None
    try:
        stream = "".join(_rendered(service, args, tls) for service in read.services)
    except ValueError as error:
        print(f"{error}; give the service a shorter name", file=sys.stderr)
        return 2
    for warning in _warnings(read.services, args.kubernetes_version):
        print(f"warning: {warning}", file=sys.stderr)
    sys.stdout.write(stream)
    return 0


def _rendered(service: DisaggregatedService, args: argparse.Namespace, tls: Tls | None) -> str:
    objects = scaled_objects(service, args.scaler_address, args.kubernetes_version, tls)
    if not objects:
        return ""
    targets = " and ".join(
        f"{service.spec.roles.of(role).target.kind} {service.spec.roles.of(role).target.name}" for role in Role
    )
    hint = (
        f"# {service.key}: the pod templates of {targets} should carry the label\n"
        '#   heteroscale.dev/serving: "true"\n'
        "# which Services and InferencePools may select; it belongs in no target's own selector.\n"
    )
    return hint + to_yaml_stream(objects)


def _warnings(services: Sequence[DisaggregatedService], kubernetes_minor: int) -> list[str]:
    return [warning for service in services for warning in warnings(service, kubernetes_minor)]
