"""One bundle with its place: what it takes of the room, and how to give that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from disaggregated_service.core.pair import Pair, Role
from prescheduler.core.holding import Holding
from prescheduler.core.site import Cell
from prescheduler.core.spot import Spot, gpus
from prescheduler.core.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Replicas of one role. place: of capacity, where they are promised room; None where they run already."""

    role: Role
    cell: Cell
    replicas: int
    place: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotted:
    """One bundle. tier: whose reserve it is taken from. spot: where the next one may be tried first."""

    bundle: Pair
    shares: tuple[Share, ...]
    tier: int
    spot: Spot | None = None


def promised(holding: Holding, spot: Spot, bundle: Pair, stage: Stage) -> Allotted | None:
    """The whole bundle at the spot, its room promised; None where not all of it fits."""
    shares = tuple(
        Share(role=role, cell=Cell(spot.site, spot.classes[role]), replicas=bundle.of(role), place=place)
        for role, place in spot.places.items()
    )
    return take(holding, Allotted(bundle=bundle, shares=shares, tier=spot.tier, spot=spot), stage)


def take(holding: Holding, wanted: Allotted, stage: Stage) -> Allotted | None:
    """All of it, or nothing."""
    new_gpus = _new_gpus(holding, wanted)
    if new_gpus > holding.profile.reserves.left(wanted.tier):
        return None
    done: list[Share] = []
    for share in wanted.shares:
        if share.place is None:
            continue
        shape = holding.shapes[share.role]
        if stage.capacity.fitting(shape, share.place, share.replicas) < share.replicas:
            _release(holding, done, stage)
            return None
        stage.capacity.take(shape, share.place, share.replicas)
        done.append(share)
    holding.profile.reserves.take(wanted.tier, new_gpus)
    return wanted


def take_back(holding: Holding, allotted: Allotted, stage: Stage) -> None:
    """Its room is anybody's again."""
    _release(holding, allotted.shares, stage)
    holding.profile.reserves.take(allotted.tier, -_new_gpus(holding, allotted))


def _release(holding: Holding, shares: Sequence[Share], stage: Stage) -> None:
    for share in shares:
        if share.place is not None:
            stage.capacity.take(holding.shapes[share.role], share.place, -share.replicas)


def _new_gpus(holding: Holding, allotted: Allotted) -> int:
    new = [share for share in allotted.shares if share.place is not None]
    return sum(gpus(holding, Pair(0, 0).with_role(share.role, share.replicas)) for share in new)
