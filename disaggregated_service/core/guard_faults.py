"""Guards that repeat or that are missing. This file must never know how a guard is evaluated."""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Role
from disaggregated_service.core.ratio import FixedRatio
from disaggregated_service.core.service import ServiceSpec


def guard_faults(spec: ServiceSpec) -> Iterator[Fault]:
    first: dict[tuple[GuardMetric, float], int] = {}
    for index, guard in enumerate(spec.guards):
        before = first.setdefault((guard.metric, guard.percentile), index)
        if before != index:
            yield Fault(
                path=f"spec.guards[{index}]",
                wrong=f"guards {guard.metric} at percentile {guard.percentile:g} as spec.guards[{before}] does",
                right="remove one of them, or guard another percentile",
            )
    if GuardMetric.TTFT not in spec.guard_metrics() and not _prefill_drives(spec):
        yield Fault(
            path="spec.guards",
            wrong="has no ttft guard: a jammed prefill pool starves decode, which then reads as low load",
            right="add {metric: ttft, percentile: 90, target: 1s} with your own target",
        )


def _prefill_drives(spec: ServiceSpec) -> bool:
    # Its own load shows the jam then, and nothing has to be read from the answers.
    return isinstance(spec.ratio, FixedRatio) and spec.load.driver is Role.PREFILL
