"""The work behind `topology`: files to a tree, and the tree to a picture or to JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.topology_labels import TopologyProfile
from disaggregated_service.edge.folder import ServicesRead, read_services
from heteroscale.command.plan import said
from heteroscale.command.plan_cycle import planned_over
from heteroscale.command.plan_document import written_in
from heteroscale.command.topology_tree import Branch, Groups, tree
from heteroscale.command.topology_view import show
from heteroscale.inventory.cluster_file import Inventory, read_inventory
from prescheduler.core.subgroup import classify
from prescheduler.core.topology import build

PIPED_COLUMNS = 120


def picture(args: argparse.Namespace) -> int:
    """0, or 2 for what cannot be read and a profile that is not known."""
    read = ServicesRead() if args.services is None else read_services(args.services)
    inventory = read_inventory(args.nodes, read.services)
    if said(read.faults + inventory.faults):
        return 2
    known = {**PRESETS, **read.profiles}
    if args.profile is not None and args.profile not in known:
        print(f"--profile {args.profile}: not known; known here: {', '.join(sorted(known))}", file=sys.stderr)
        return 2
    profile = known[args.profile] if args.profile else _fitting(read, known, inventory)
    topology = build(inventory.nodes, {profile.name: profile})
    subgroups = classify(topology, profile.name, {})
    root = tree(topology, subgroups, inventory.pods, _groups(read, inventory))
    if args.json:
        print(json.dumps({"profile": profile.name, "tree": _document(root)}, indent=2))
    else:
        show(Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS, highlight=False), profile.name, root)
    return 0


def _fitting(read: ServicesRead, known: Mapping[str, TopologyProfile], inventory: Inventory) -> TopologyProfile:
    """The profile that the services name, else the preset that places most of the nodes, then by name."""
    named = sorted({str(one.spec.placement.topology_profile) for one in read.services} & read.profiles.keys())
    if named:
        return known[named[0]]
    placed = {
        name: sum(bool(facts.s2) for facts in build(inventory.nodes, {name: profile}).views[name].facts)
        for name, profile in known.items()
    }
    return known[min(placed, key=lambda name: (-placed[name], name))]


def _groups(read: ServicesRead, inventory: Inventory) -> Groups:
    if not read.services:
        return {}
    return {one.key: one.grant.groups for one in planned_over(read, inventory, written_in(read), {})}


def _document(branch: Branch) -> dict[str, Any]:
    named = {} if branch.label is None else {"key": branch.label.key, "value": branch.label.value}
    return {
        "level": branch.level,
        **named,
        "tier": branch.tier,
        "classes": [
            {"class": use.name, "nodes": use.nodes, "out": use.out, "gpus": use.gpus, "used": use.used}
            for use in branch.classes
        ],
        "groups": list(branch.groups),
        "children": [_document(child) for child in branch.children],
    }
