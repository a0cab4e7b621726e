"""Raises, bundle by bundle (Algorithm 4 of the paper, in whole pairs), and new places for what has lost its own."""

from __future__ import annotations

from disaggregated_service.core.pair import ROLES, Pair
from prescheduler.core.affinity import affinities
from prescheduler.core.allotted import Allotted, promised, take_back
from prescheduler.core.bundle import bundles, granted_steps, path
from prescheduler.core.holding import Holding, claim, house
from prescheduler.core.refusal import refusals
from prescheduler.core.site import Cell, add
from prescheduler.core.spot import Spot, spots
from prescheduler.core.stage import Stage
from prescheduler.core.stay import stays


def rehome(holding: Holding, stage: Stage) -> None:
    """Replicas in force that have no room any more where they were allotted, or no place yet, get one if there is any.

    What is in force stays granted all the same: a drained rack is no reason to shrink.
    """
    missing = holding.unplaced()
    if missing == Pair(0, 0):
        return
    placed = Pair(holding.granted.prefill - missing.prefill, holding.granted.decode - missing.decode)
    for bundle in bundles(path(placed, holding.granted)):
        found = _placed_anew(holding, bundle, stage, None)
        if found is None:
            return
        for share in found.shares:
            house(holding, share.role, share.cell, share.replicas, stage)


def grow(holding: Holding, stage: Stage) -> Pair | None:
    """Grants as far as whole bundles find room. The bundle that found none, if all before it were granted.

    What still runs after an earlier decrease needs no room: it stays, before anything new is created.
    """
    if holding.granted == holding.request.targets:
        return None
    steps = path(holding.request.in_force, holding.request.targets)
    found: list[Allotted] = []
    refused: Pair | None = None
    for bundle in bundles(steps):
        last = found[-1] if found else None
        one = stays(holding, bundle, stage) or _placed_anew(holding, bundle, stage, last)
        if one is None:
            refused = bundle
            holding.refused = refusals(holding, holding.service.spec.placement.affinity, bundle, stage)
            break
        found.append(one)
        _hold(holding, one, 1)
    granted = granted_steps(steps, len(found), holding.request.band, holding.request.in_force)
    for one in found[granted:]:
        _hold(holding, one, -1)
        take_back(holding, one, stage)
    holding.granted = steps[granted]
    return refused if granted == len(found) else None


def allot_beyond(holding: Holding, spot: Spot, bundle: Pair, stage: Stage) -> None:
    """Allot a bundle at a spot that has no room for it: nothing is promised there."""
    for role, gpu_class in spot.classes.items():
        cell = Cell(spot.site, gpu_class)
        for cells in (holding.cells[role], holding.pending[role], holding.stranded[role]):
            add(cells, cell, bundle.of(role))
        claim(holding, role, cell, bundle.of(role), stage)


def _placed_anew(holding: Holding, bundle: Pair, stage: Stage, last: Allotted | None) -> Allotted | None:
    """The first spot that can be promised the whole bundle without breaking what is promised to others.

    The spot of the last bundle comes first again, now that the service lives there, unless a smaller bundle may fit
    into what was passed over: trying it first saves looking at all others.
    """
    if last is not None and last.spot is not None and _as_large(bundle, last.bundle):
        again = promised(holding, last.spot, bundle, stage)
        if again is not None:
            return again
    for affinity in affinities(holding.service):
        for spot in spots(holding, affinity, bundle, stage):
            found = promised(holding, spot, bundle, stage)
            if found is not None:
                return found
    return None


def _as_large(bundle: Pair, last: Pair) -> bool:
    """In both roles, and with the same roles in it."""
    return all(bundle.of(role) >= last.of(role) and (bundle.of(role) > 0) == (last.of(role) > 0) for role in ROLES)


def _hold(holding: Holding, allotted: Allotted, sign: int) -> None:
    for share in allotted.shares:
        add(holding.cells[share.role], share.cell, sign * share.replicas)
        waiting = holding.leaving if share.place is None else holding.pending
        add(waiting[share.role], share.cell, (-sign if share.place is None else sign) * share.replicas)
