"""Reconciles what runs with what was allotted, so that together they are the replicas in force.

What runs is a fact and is adopted first. Of what is missing to the number in force, as much stays allotted where the
last plan had it; more running than in force means a scale-in under way, and then the last plan says who goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prescheduler.core.site import Cell, Cells, add


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One role. cells: all that is allotted; pending: of these, not bound; homeless: in force, but allotted nowhere.

    leaving: runs, and is allotted no more.
    """

    cells: Cells
    pending: Cells
    homeless: int
    leaving: Cells


def settled(
    bound: Mapping[Cell, int],
    half: Mapping[Cell, int],
    before: Mapping[Cell, int],
    in_force: int,
    scarcest_first: Callable[[Iterable[Cell]], list[Cell]],
) -> Settled:
    """Both roles are settled alone: a pod that landed elsewhere than its pair was meant to is a fact of its own.

    Half-bound replicas come first among those that are not bound: nobody can move them.
    """
    if bound == before and not half and sum(bound.values()) == in_force:
        return Settled(cells=dict(bound), pending={}, homeless=0, leaving={})
    cells = dict(bound)
    running = sum(bound.values())
    if running >= in_force:
        left = running - in_force
        leaving: Cells = {}
        over = {cell: count - before.get(cell, 0) for cell, count in bound.items() if count > before.get(cell, 0)}
        for surplus in (over, cells):
            for cell in scarcest_first(surplus) if left else ():
                gone = min(surplus[cell], left)
                left -= gone
                add(cells, cell, -gone)
                add(leaving, cell, gone)
        return Settled(cells=cells, pending={}, homeless=0, leaving=leaving)
    missing = in_force - running
    pending: Cells = {}
    here = {cell: bound.get(cell, 0) + half.get(cell, 0) for cell in before}
    promised = {cell: count - here[cell] for cell, count in before.items() if count > here[cell]}
    for waiting in (half, promised):
        for cell in reversed(scarcest_first(waiting)):
            kept = min(waiting[cell], missing)
            if kept:
                missing -= kept
                add(pending, cell, kept)
                add(cells, cell, kept)
    return Settled(cells=cells, pending=pending, homeless=missing, leaving={})
