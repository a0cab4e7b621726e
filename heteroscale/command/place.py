"""`heteroscale place`: what the webhook would answer for one pod, and why, without a cluster and without a server."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from heteroscale.command import options

if TYPE_CHECKING:
    from placement_webhook.core.placement import Leave, Placed

EXAMPLE = """example:
  heteroscale place pod.yaml --plan plan.yaml --nodes nodes.json
  heteroscale place pod.yaml --plan plan.yaml --nodes nodes.json --json | jq .patch"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "place",
        help="what the webhook would do to a pod, and why",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pod", metavar="POD", type=options.path, help="a YAML or JSON file of one Pod")
    parser.add_argument(
        "--plan", metavar="FILE", type=options.path, required=True, help="what `heteroscale plan` printed"
    )
    parser.add_argument(
        "--nodes",
        metavar="FILE",
        type=options.path,
        required=True,
        help="what `kubectl get nodes,pods -A -o yaml` (or json) printed",
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="where the pod is created (default: its own metadata.namespace, or default)"
    )
    parser.add_argument("--json", action="store_true", help="patch, reason, groups and message as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 whatever becomes of the pod; 2 for what cannot be read."""
    from placement_webhook.core.placement import place
    from placement_webhook.edge.plan_file import PlanFiles

    files = PlanFiles(args.plan, args.nodes, on_failure=lambda _: None)
    files.refresh()
    pod = _pod(args.pod)
    if files.snapshot is None:
        print(files.problem, file=sys.stderr)
        return 2
    if isinstance(pod, str):
        print(f"{args.pod}: {pod}", file=sys.stderr)
        return 2
    snapshot = files.snapshot
    outcome = place(pod, _namespace(args, pod), snapshot.view, snapshot.nodes, snapshot.pods)
    document = _document(pod, outcome)
    print(json.dumps(document, indent=2) if args.json else _in_words(document))
    return 0


def _pod(path: Path) -> dict[str, Any] | str:
    """The pod, as plain data, or what is wrong with the file."""
    try:
        pods = [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8-sig")) if one is not None]
    except OSError as error:
        return f"cannot be read: {error.strerror}; name a file of one Pod"
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        return f"is no YAML: {' '.join(str(error).split())[:200]}"
    match pods:
        case [dict() as pod] if pod.get("kind", "Pod") == "Pod":
            return pod
        case _:
            return f"holds {len(pods)} objects, or no Pod; name a file of one Pod"


def _namespace(args: argparse.Namespace, pod: dict[str, Any]) -> str:
    metadata = pod.get("metadata")
    own = metadata.get("namespace") if isinstance(metadata, dict) else None
    return str(args.namespace or own or "default")


def _document(pod: dict[str, Any], outcome: Placed | Leave) -> dict[str, Any]:
    """The answer, after the same check that the server makes before it sends a patch."""
    from placement_webhook.core.placement import Leave, Placed
    from placement_webhook.edge.reviewer import why_not_sent

    match outcome:
        case Leave(reason=reason, message=message):
            return {"patch": [], "reason": reason.value, "groups": [], "message": message}
        case Placed(reason=reason, message=message):
            doubt = why_not_sent(pod, outcome.patch)
            if doubt is not None:
                return {"patch": [], "reason": doubt.value, "groups": [], "message": "the patch is held back"}
            groups = list(outcome.groups)
            return {"patch": list(outcome.patch), "reason": reason.value, "groups": groups, "message": message}


def _in_words(document: dict[str, Any]) -> str:
    lines = [f"{document['reason']}: {document['message']}"]
    if document["groups"]:
        lines.append(f"groups: {', '.join(document['groups'])}")
    for operation in document["patch"]:
        value = yaml.safe_dump(operation["value"], sort_keys=False, width=100).rstrip().removesuffix("\n...")
        lines += [f"{operation['op']} {operation['path']}", *(f"  {line}" for line in value.splitlines())]
    return "\n".join(lines)
