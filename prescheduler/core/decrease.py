"""Who gives up replicas: the scarcest tier first, each site keeping its ratio.

What this frees is not given to anybody in the same cycle: the pods still run, and hold what they have until they are
gone (Algorithm 4 of the paper rebuilds its tree from the cluster at the next cycle, for the same reason).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from disaggregated_service.core.pair import ROLES, Role
from prescheduler.core.site import Cell, Cells, Site

Amounts = dict[Role, int]


def decreased(
    cells: Mapping[Role, Cells], by: Mapping[Role, int], scarcest_first: Callable[[Iterable[Cell]], list[Cell]]
) -> Mapping[Role, Cells]:
    """The cells after each role gave up as many replicas as `by` says, or all it has.

    Site after site gives up bundles in its own ratio, or all of itself. What this leaves over of one role is taken in
    the same order, at first from where a replica of it stays behind beside the other role.
    """
    order = _sites(cells, scarcest_first)
    held = {site: {role: _held(cells[role], site) for role in ROLES} for site in order}
    left = {role: min(by[role], sum(held[site][role] for site in order)) for role in ROLES}
    for site in order:
        _give(held[site], left, _in_ratio(held[site], left))
    for keeps_one in (True, False):
        for site in order:
            for role in ROLES:
                stays = 1 if keeps_one and held[site][role.other] else 0
                spare = max(0, held[site][role] - stays)
                _give(held[site], left, {role: min(left[role], spare)})
    return {role: _shrunk(cells[role], {site: held[site][role] for site in order}, scarcest_first) for role in ROLES}


def _in_ratio(held: Mapping[Role, int], left: Mapping[Role, int]) -> Amounts:
    has = [role for role in ROLES if held[role]]
    if all(left[role] >= held[role] for role in has):
        return {role: held[role] for role in has}
    if len(has) < len(ROLES):
        return {}
    part = min(Fraction(min(left[role], held[role]), held[role]) for role in has)
    amounts = {role: int(held[role] * part) for role in has}
    # half a site is left over rather than one role alone
    return {role: min(amount, held[role] - 1) for role, amount in amounts.items()}


def _give(held: Amounts, left: Amounts, amounts: Mapping[Role, int]) -> None:
    for role, amount in amounts.items():
        held[role] -= amount
        left[role] -= amount


def _sites(cells: Mapping[Role, Cells], scarcest_first: Callable[[Iterable[Cell]], list[Cell]]) -> list[Site]:
    return list(dict.fromkeys(cell.site for cell in scarcest_first({cell for role in ROLES for cell in cells[role]})))


def _held(cells: Cells, site: Site) -> int:
    return sum(count for cell, count in cells.items() if cell.site == site)


def _shrunk(cells: Cells, keep: Mapping[Site, int], scarcest_first: Callable[[Iterable[Cell]], list[Cell]]) -> Cells:
    """Within a site the classes give up in the order of cells reversed: the first class stays longest."""
    room = dict(keep)
    kept: Cells = {}
    for cell in scarcest_first(cells):
        stays = min(cells[cell], room[cell.site])
        room[cell.site] -= stays
        if stays:
            kept[cell] = stays
    return kept
