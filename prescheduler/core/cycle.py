"""One planning cycle: what runs is adopted, decreases give up, raises are given whole bundles, by priority.

Algorithm 4 of the paper with whole prefill/decode pairs. Pure: the same nodes, pods, requests, memory and moment give
the same plan. It must never know how many replicas a service needs, only what it asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.placement_spec import Affinity
from prescheduler.core.bundle import path
from prescheduler.core.groups import as_of_today, groups_of
from prescheduler.core.holding import Holding, hold, shapes_of, shrink
from prescheduler.core.increase import grow, rehome
from prescheduler.core.kept import Kept, Standing, classified_again, stands, stands_from_now
from prescheduler.core.plan import Placed, Plan, Refusal, Request
from prescheduler.core.provision import provisioned
from prescheduler.core.record import PodRecord
from prescheduler.core.stage import set_up
from prescheduler.core.tier_memory import Provision, TierMemory, remember
from prescheduler.core.topology import Topology
from prescheduler.core.usage import Usage, used_by


def plan(
    topology: Topology,
    pods: Iterable[PodRecord] | Usage,
    requests: Sequence[Request],
    memory: TierMemory,
    now_s: float,
) -> tuple[Plan, TierMemory]:
    """A whole cycle. requests come by priority, the highest first; a service without affinity is granted everything.

    What a decrease frees is given to nobody in the same cycle, and nothing but lower targets lowers what is granted.
    """
    usage = pods if isinstance(pods, Usage) else used_by(pods)
    memory = remember(topology, memory, now_s)
    kept = _kept(topology, requests, memory, now_s)
    placed: dict[ServiceKey, Placed] = {}
    moving: list[tuple[Request, str]] = []
    for request in requests:
        key, name = request.service.key, _profile_name(request)
        if name is None:
            placed[key] = Placed(granted=request.targets, groups=(), refused={})
        elif name not in kept.classified:
            placed[key] = _without_profile(request, topology)
        elif stands(request, usage, kept.standing.get(key)):
            placed[key] = kept.standing[key].placed
        else:
            moving.append((request, name))
    found, provisions = _moved(topology, moving, kept, usage, memory, now_s)
    placed |= {key: one for key, (one, _) in found.items()}
    standing = {key: each for key, each in kept.standing.items() if key in placed and key not in found}
    standing |= {key: each for key, (_, each) in found.items() if each is not None}
    return Plan(placed=placed), replace(memory, provisions=provisions, kept=replace(kept, standing=standing))


def _kept(topology: Topology, requests: Sequence[Request], memory: TierMemory, now_s: float) -> Kept:
    """What is still true of the last cycle's findings, and the subgroups of today."""
    names = {name for request in requests if (name := _profile_name(request)) is not None}
    before = memory.kept if memory.kept is not None and memory.kept.topology is topology else None
    classified = {
        name: classified_again(topology, name, memory.classes(name, now_s), before)
        for name in sorted(names & set(topology.views))
    }
    unchanged = before is not None and all(before.classified.get(name) is found for name, found in classified.items())
    return Kept(topology=topology, classified=classified, standing=before.standing if before and unchanged else {})


def _moved(
    topology: Topology,
    moving: Sequence[tuple[Request, str]],
    kept: Kept,
    usage: Usage,
    memory: TierMemory,
    now_s: float,
) -> tuple[dict[ServiceKey, tuple[Placed, Standing | None]], dict[ServiceKey, Provision]]:
    """Who may move: first all promises are kept, then all decreases are taken, then raises are given in order."""
    subgroups = {name: each.subgroups for name, each in kept.classified.items()}
    shapes = {
        shape for request, name in moving for shape in shapes_of(request.service, subgroups[name].view.profile).values()
    }
    stage = set_up(topology, subgroups, shapes, usage)
    found: dict[ServiceKey, tuple[Placed, Standing | None]] = {}
    holdings: list[Holding] = []
    for request, name in moving:
        holding = hold(request, stage, stage.profiles[name], usage)
        if holding is not None:
            holdings.append(holding)
        else:
            groups = as_of_today(request.previous, subgroups[name])
            placed = Placed(granted=request.in_force, groups=groups, refused={})
            found[request.service.key] = placed, stands_from_now(request, placed, usage)
    for holding in holdings:
        shrink(holding)
    refused: dict[ServiceKey, Pair | None] = {}
    for holding in holdings:
        rehome(holding, stage)
        refused[holding.service.key] = grow(holding, stage)
    provisions: dict[ServiceKey, Provision] = {}
    for holding in holdings:  # at the end: a bundle beyond the room takes none from those who fit into it
        key = holding.service.key
        waiting = provisioned(holding, refused[key], memory.provisions.get(key), stage, now_s)
        if waiting is not None:
            provisions[key] = waiting
        placed = Placed(granted=holding.granted, groups=groups_of(holding), refused=holding.refused)
        found[key] = placed, None
    return found, provisions


def _profile_name(request: Request) -> str | None:
    placement = request.service.spec.placement
    return None if placement.affinity is Affinity.NONE else placement.topology_profile


def _without_profile(request: Request, topology: Topology) -> Placed:
    """Nobody knows what its labels mean: it keeps what it has, and raises wait."""
    granted = path(request.in_force, request.targets)[0]
    nodes = len(topology.nodes)
    refused: Mapping[Refusal, int] = {Refusal.UNKNOWN_TOPOLOGY: nodes} if granted != request.targets else {}
    return Placed(granted=Pair(granted.prefill, granted.decode), groups=request.previous, refused=refused)
