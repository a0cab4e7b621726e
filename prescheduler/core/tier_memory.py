"""What one planning cycle hands to the next: classes seen in domains, and bundles granted beyond the room.

A tier follows membership. Without memory, a node that vanishes for a minute (a reboot, a labeller that lags) would make
a mixed domain look homogeneous, and the commonest services would be let into the scarcest place. It must never hold
what can be read from nodes and pods: those are read anew each cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from disaggregated_service.core.deployment_group import Domain
from disaggregated_service.core.pair import ServiceKey
from prescheduler.core.kept import Kept
from prescheduler.core.subgroup import classes_now
from prescheduler.core.topology import Topology

REMEMBERED_S = 3600.0  # longer than a node takes to be repaired or replaced, shorter than hardware is moved around


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One whole bundle granted beyond the room (onExhausted: provision), until it is bound or its time has passed.

    since_s: when it was granted, by the planner's monotonic clock. passed: domains where earlier ones found no node.
    """

    domain: Domain
    since_s: float
    passed: tuple[Domain, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMemory:
    """seen: per profile, domain and GPU class when a member of it was last seen. provisions: per service.

    kept: saves work, and changes nothing.
    """

    seen: Mapping[tuple[str, Domain, str], float] = field(default_factory=dict)
    provisions: Mapping[ServiceKey, Provision] = field(default_factory=dict)
    kept: Kept | None = field(default=None, repr=False, compare=False)

    def classes(self, profile: str, now_s: float) -> dict[Domain, set[str]]:
        """Per domain the classes that were seen within REMEMBERED_S."""
        known: dict[Domain, set[str]] = {}
        for (name, domain, gpu_class), seen_s in self.seen.items():
            if name == profile and now_s - seen_s <= REMEMBERED_S:
                known.setdefault(domain, set()).add(gpu_class)
        return known


NOTHING_REMEMBERED = TierMemory()


def remember(topology: Topology, memory: TierMemory, now_s: float) -> TierMemory:
    """The memory after seeing this topology; what was not seen for REMEMBERED_S is dropped."""
    seen = {key: seen_s for key, seen_s in memory.seen.items() if now_s - seen_s <= REMEMBERED_S}
    for name, view in topology.views.items():
        seen |= {(name, domain, gpu_class): now_s for domain, gpu_class in classes_now(view)}
    return replace(memory, seen=seen)
