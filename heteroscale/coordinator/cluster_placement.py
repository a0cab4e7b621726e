"""The pre-scheduler as the coordinator's placement: over one view of the nodes and one list of the pods.

Pure: whoever watches the cluster builds the view, and hands a new one in when nodes or pods change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from disaggregated_service.core.pair import ServiceKey
from heteroscale.coordinator.placement import Grant, Granted, Placement, PlacementRequest
from prescheduler.core.cycle import plan
from prescheduler.core.plan import Placed, Request
from prescheduler.core.record import PodRecord
from prescheduler.core.tier_memory import TierMemory
from prescheduler.core.topology import Topology
from prescheduler.core.usage import Usage, used_by


def placement_over(topology: Topology, pods: Sequence[PodRecord] | Usage) -> Placement:
    """A placement that plans once over all requests. pods: all that are bound, or what they come to.

    Hypothetical ones are planned a second time over, beside what the others were granted: they see the same shortage
    and cause none. Their memory is dropped, so that a bundle nobody will create holds no domain.
    """

    usage = pods if isinstance(pods, Usage) else used_by(pods)

    def place(requests: Sequence[PlacementRequest], memory: TierMemory, now_s: float) -> Granted:
        real = [_asked(request) for request in requests if not request.hypothetical]
        supposed = [_asked(request) for request in requests if request.hypothetical]
        planned, remembered = plan(topology, usage, real, memory, now_s)
        grants = _grants(planned.placed)
        if supposed:
            settled = [_settled(request, planned.placed[request.service.key]) for request in real]
            beside, _ = plan(topology, usage, [*settled, *supposed], remembered, now_s)
            grants |= _grants({request.service.key: beside.placed[request.service.key] for request in supposed})
        return Granted(grants=grants, memory=remembered)

    return place


def _asked(request: PlacementRequest) -> Request:
    return Request(
        service=request.service,
        in_force=request.in_force,
        targets=request.targets,
        previous=request.previous,
        period_band=request.band,
    )


def _settled(request: Request, placed: Placed) -> Request:
    return replace(request, in_force=placed.granted, targets=placed.granted, previous=placed.groups)


def _grants(placed: Mapping[ServiceKey, Placed]) -> dict[ServiceKey, Grant]:
    return {
        key: Grant(
            pair=one.granted,
            groups=one.groups,
            refused=tuple(
                (reason.value, nodes)
                for reason, nodes in sorted(one.refused.items(), key=lambda item: (-item[1], item[0]))
            ),
        )
        for key, one in placed.items()
    }
