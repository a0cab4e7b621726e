"""Placement that cannot be met: by the spec alone, and by the profile it names.

This file must never know nodes: what a cluster has room for is the pre-scheduler's to find.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from disaggregated_service.core.fault import Fault, item
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.placement_spec import Affinity, OnExhausted, Tier
from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.scalar import meant, shown
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.topology_labels import TopologyProfile

PROFILE = "spec.placement.topologyProfile"
TIERS = tuple(Tier)


def placement_faults(spec: ServiceSpec) -> Iterator[Fault]:
    """What the spec alone shows."""
    yield from _repeated_classes(spec)
    placement = spec.placement
    if placement.affinity is not Affinity.NONE:
        if placement.topology_profile is None:
            wrong = f"is missing: affinity {placement.affinity} asks for labels of nodes"
            yield Fault(path=PROFILE, wrong=wrong, right="name a TopologyProfile, or a preset such as topograph-v1")
        yield from _never_placed(spec)
        return
    idle = {
        "maxTier": placement.max_tier is not None,
        "onExhausted": placement.on_exhausted is not OnExhausted.WAIT,
        "exact": placement.exact,
    }
    for key in (key for key, given in idle.items() if given):
        wrong, right = "does nothing: affinity is none", "write affinity: s1, s2 or cluster, or leave it out"
        yield Fault(path=f"spec.placement.{key}", wrong=wrong, right=right)


def profile_named(spec: ServiceSpec, profiles: Mapping[str, TopologyProfile]) -> TopologyProfile | None:
    """The profile a service names, of those given or else of the presets; None where it names none that is known."""
    name = spec.placement.topology_profile
    return None if name is None else profiles.get(name) or PRESETS.get(name)


def profile_faults_of(
    spec: ServiceSpec, profiles: Mapping[str, TopologyProfile], broken: Iterable[str] = ()
) -> Iterator[Fault]:
    """What shows only beside the profiles that exist. broken: names of profiles that are there but invalid."""
    name = spec.placement.topology_profile
    if name is None:
        return
    if name in set(broken):
        yield Fault(path=PROFILE, wrong=f"names {shown(name)}, which has faults itself", right="mend the profile first")
        return
    profile = profile_named(spec, profiles)
    if profile is None:
        known = (*sorted(profiles), *sorted(PRESETS.keys() - profiles.keys()))
        near = meant(name, known)
        right = f'did you mean "{near}"?' if near else f"known here: {', '.join(known)}"
        yield Fault(path=PROFILE, wrong=f"names neither a profile nor a preset: {shown(name)}", right=right)
        return
    yield from _unknown_classes(spec, profile)
    yield from _missing_levels(spec, profile)


def _repeated_classes(spec: ServiceSpec) -> Iterator[Fault]:
    for role in ROLES:
        classes = spec.roles.of(role).gpu_classes
        for index, name in enumerate(classes):
            if name in classes[:index]:
                path = item(f"spec.roles.{role}.gpuClasses", index)
                yield Fault(path=path, wrong=f"{name} is there already", right="write each class once, best first")


def _never_placed(spec: ServiceSpec) -> Iterator[Fault]:
    """Classes of the two roles that never stand in one domain of an allowed tier.

    A low-tier S2 has one class; each S1 of a medium-tier S2 has one class too.
    """
    placement, prefill, decode = spec.placement, spec.roles.prefill.gpu_classes, spec.roles.decode.gpu_classes
    if placement.affinity not in {Affinity.S1, Affinity.S2} or placement.max_tier is None:
        return
    if not prefill or not decode or set(prefill) & set(decode):
        return
    needed = Tier.HIGH if placement.affinity is Affinity.S1 else Tier.MEDIUM
    if TIERS.index(placement.max_tier) >= TIERS.index(needed):
        return
    wrong = (
        f"is {placement.max_tier}, but prefill ({', '.join(prefill)}) and decode ({', '.join(decode)}) have no GPU "
        f"class in common, so under one {placement.affinity} they fit only in tier {needed} or above"
    )
    yield Fault(path="spec.placement.maxTier", wrong=wrong, right=f"write {needed}, or give both roles a common class")


def _unknown_classes(spec: ServiceSpec, profile: TopologyProfile) -> Iterator[Fault]:
    known = [name for name, _ in profile.classes]
    for role in ROLES:
        for index, name in enumerate(spec.roles.of(role).gpu_classes):
            if name not in known:
                near = meant(name, known)
                right = f'did you mean "{near}"?' if near else f"it has: {', '.join(known)}"
                path = item(f"spec.roles.{role}.gpuClasses", index)
                yield Fault(path=path, wrong=f"{name} is no class of profile {profile.name}", right=right)


def _missing_levels(spec: ServiceSpec, profile: TopologyProfile) -> Iterator[Fault]:
    affinity = spec.placement.affinity
    if affinity is Affinity.NONE:
        return
    if affinity is Affinity.S1 and not profile.s1:
        wrong = f"is s1, but profile {profile.name} has no S1 labels"
        yield Fault(path="spec.placement.affinity", wrong=wrong, right="write s2, or add levels.s1 to a profile")
    if affinity is Affinity.S2 and not profile.s2:
        wrong = f"is s2, but profile {profile.name} has no S2 labels"
        yield Fault(path="spec.placement.affinity", wrong=wrong, right="write s1, or add levels.s2 to a profile")
    if profile.s1 or affinity is Affinity.S1:
        return
    for role, why in ((role, _needs_s1(spec, role)) for role in ROLES):
        if why:
            path, wrong = f"spec.roles.{role}.{why}", f"needs one S1, but profile {profile.name} has no S1 labels"
            yield Fault(path=path, wrong=wrong, right="add levels.s1 to a profile, or write affinity: none")


def _needs_s1(spec: ServiceSpec, role: Role) -> str:
    """The key for which one replica has to stay under one S1; "" where none does."""
    pool = spec.roles.of(role)
    if pool.nodes_per_replica > 1:
        return "nodesPerReplica"
    return "components" if pool.components else ""
