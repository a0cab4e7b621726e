"""onExhausted: provision. One whole bundle beyond the room, so that a node autoscaler sees pods that wait for nodes.

It goes only where nothing is promised: a pod that waits for a node competes for those that others wait to be bound to.
Never more than one: its pods are Pending until nodes come. When they are bound the next bundle may be granted; when
they are not by progressDeadline, the domain has no nodes to give and the same bundle is moved to the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

from disaggregated_service.core.deployment_group import Domain
from disaggregated_service.core.pair import ROLES, Pair
from disaggregated_service.core.placement_spec import OnExhausted
from prescheduler.core.bundle import granted_steps
from prescheduler.core.holding import Holding, move
from prescheduler.core.increase import allot_beyond
from prescheduler.core.site import Cell
from prescheduler.core.spot import Spot, spots_beyond
from prescheduler.core.stage import Stage
from prescheduler.core.tier_memory import Provision


def provisioned(
    holding: Holding, refused: Pair | None, last: Provision | None, stage: Stage, now_s: float
) -> Provision | None:
    """What waits beyond the room after this cycle. refused: the bundle that found no room, if any."""
    if holding.service.spec.placement.on_exhausted is not OnExhausted.PROVISION:
        return None
    waiting = Pair(0, 0) if last is None else _waiting_at(holding, last.domain)
    if last is not None and waiting != Pair(0, 0):
        if now_s - last.since_s < holding.service.spec.load.progress_deadline_s:
            return last
        return _moved(holding, waiting, last, stage, now_s)
    if refused is None or holding.unplaced() != Pair(0, 0):
        return None  # what waits already is seen by a node autoscaler
    return _granted(holding, refused, stage, now_s)


def _granted(holding: Holding, bundle: Pair, stage: Stage, now_s: float) -> Provision | None:
    request, before = holding.request, holding.granted
    after = Pair(before.prefill + bundle.prefill, before.decode + bundle.decode)
    steps = [before, after] if after == request.targets else [before, after, request.targets]
    if not granted_steps(steps, 1, request.band, request.in_force):
        return None
    spot = _first(holding, bundle, (), stage)
    if spot is None or spot.site.domain is None:
        return None
    if not all(stage.capacity.is_quiet(place) for place in spot.places.values()):
        return None  # in a cycle or two
    allot_beyond(holding, spot, bundle, stage)
    holding.granted = after
    return Provision(domain=spot.site.domain, since_s=now_s)


def _moved(holding: Holding, waiting: Pair, last: Provision, stage: Stage, now_s: float) -> Provision:
    """To the next domain; from the last one back to the first. Half a bundle stays where its other half is."""
    if not all(waiting.of(role) for role in ROLES):
        return last
    passed = (*last.passed, last.domain)
    spot = _first(holding, waiting, passed, stage)
    if spot is None:
        passed = (last.domain,)
        spot = _first(holding, waiting, passed, stage)
    if spot is None or spot.site.domain is None:
        return last  # there is one domain only
    for role in ROLES:
        for cell in [cell for cell in holding.stranded[role] if cell.site.domain == last.domain]:
            move(holding, role, cell, Cell(spot.site, spot.classes[role]), holding.stranded[role][cell], stage)
    return Provision(domain=spot.site.domain, since_s=now_s, passed=passed)


def _first(holding: Holding, bundle: Pair, passed: Sequence[Domain], stage: Stage) -> Spot | None:
    affinity = holding.service.spec.placement.affinity
    return next(
        (spot for spot in spots_beyond(holding, affinity, bundle, stage) if spot.site.domain not in passed), None
    )


def _waiting_at(holding: Holding, domain: Domain) -> Pair:
    return Pair(
        *(sum(count for cell, count in holding.stranded[role].items() if cell.site.domain == domain) for role in ROLES)
    )
