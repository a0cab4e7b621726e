"""A raise on the heels of a decrease: replicas that were to go, and still run, stay. They need no new GPU.

Without this a scale-in that is turned round would wait for the very pods to die that it wants back.
"""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core.pair import ROLES, Pair, Role
from prescheduler.core.allotted import Allotted, Share, take
from prescheduler.core.holding import Holding
from prescheduler.core.site import Cell, Site, number_of, scarcest_first
from prescheduler.core.spot import wanted_classes
from prescheduler.core.stage import Stage


def stays(holding: Holding, bundle: Pair, stage: Stage) -> Allotted | None:
    """The bundle at a site where some of it still runs; what is missing of it there is promised room beside it."""
    for site in _sites(holding):
        for shares in _shares(holding, site, bundle):
            number = number_of(site, holding.profile.subgroups)
            tier = 0 if number is None else holding.profile.tier_rank(number)
            found = take(holding, Allotted(bundle=bundle, shares=shares, tier=tier), stage)
            if found is not None:
                return found
    return None


def _sites(holding: Holding) -> list[Site]:
    """The commonest tier first, as everything that is given."""
    cells = {cell for role in ROLES for cell in holding.leaving[role]}
    ordered = reversed(scarcest_first(cells, holding.profile.subgroups))
    return list(dict.fromkeys(cell.site for cell in ordered))


def _shares(holding: Holding, site: Site, bundle: Pair) -> Iterator[tuple[Share, ...]]:
    """Ways to make the bundle up at the site: what runs, and each class that what is missing of a role may be."""
    running: list[Share] = []
    missing: dict[Role, int] = {}
    for role in ROLES:
        left = bundle.of(role)
        for cell in scarcest_first(holding.leaving[role], holding.profile.subgroups):
            kept = min(left, holding.leaving[role][cell]) if cell.site == site else 0
            if kept:
                running.append(Share(role=role, cell=cell, replicas=kept, place=None))
                left -= kept
        if left:
            missing[role] = left
    if not running or len(missing) == len(ROLES):
        return
    number = number_of(site, holding.profile.subgroups)
    if not missing:
        yield tuple(running)
    elif number is not None:
        (role, replicas), *_ = missing.items()
        for gpu_class in _classes_at(holding, site, role):
            place = holding.profile.place(number, gpu_class)
            new = Share(role=role, cell=Cell(site, gpu_class), replicas=replicas, place=place)
            yield (*running, new)


def _classes_at(holding: Holding, site: Site, role: Role) -> list[str | None]:
    """What the role has at the site already; where it has nothing, any that it may have."""
    here = {cell.gpu_class for cell in (*holding.cells[role], *holding.leaving[role]) if cell.site == site}
    wanted = wanted_classes(holding, role)
    return [each for each in wanted if each in here] or wanted
