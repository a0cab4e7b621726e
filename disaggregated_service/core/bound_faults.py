"""Bounds, budget and ratio that cannot be met together. This file must never know load, guards or signals."""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.feasible import Box, box_of, decode_ranges, nearest, stands_still
from disaggregated_service.core.pair import Role
from disaggregated_service.core.ratio import Band, FixedRatio, MeasuredRatio
from disaggregated_service.core.service import ServiceSpec


def bound_faults(spec: ServiceSpec) -> Iterator[Fault]:
    """Minima, maxima, budget and ratio; whether any pair fits is only asked where each of them makes sense."""
    alone = [*_bounds(spec), *_budget(spec), *_measured(spec)]
    yield from alone
    if not alone:
        yield from _feasibility(spec)


def no_pair(path: str, box: Box, band: Band, *, ratio: FixedRatio | None) -> Iterator[Fault]:
    """The fault that no pair of the box lies in the band, with the nearest one and the tolerance it would
    take.
    """
    if next(decode_ranges(box, band), None) is not None:
        return
    near = nearest(box, band)
    if near is None:
        yield Fault(path=path, wrong=f"no pair fits {box}", right="widen the bounds or raise gpuBudget")
        return
    found = near.prefill / near.decode
    right = f"the nearest pair is {near} (P/D {found:.3g}): change the bounds or the ratio"
    if ratio is not None:
        right += f", or write a tolerance of at least {abs(found / ratio.value - 1) + 0.0005:.3f}"
    wrong = f"no pair of {box} has P/D within {band.low:.3g}..{band.high:.3g}"
    yield Fault(path=path, wrong=wrong, right=right)


def _bounds(spec: ServiceSpec) -> Iterator[Fault]:
    for role in Role:
        pool = spec.roles.of(role)
        if pool.min_replicas == 0:
            yield Fault(
                path=f"spec.roles.{role}.minReplicas",
                wrong="is 0; not yet: joint zero comes with a wake signal",
                right="write at least 1",
            )
        if pool.min_replicas > pool.max_replicas:
            yield Fault(
                path=f"spec.roles.{role}.minReplicas",
                wrong=f"minReplicas {pool.min_replicas} is above maxReplicas {pool.max_replicas}",
                right=f"write at most {pool.max_replicas}, or maxReplicas of at least {pool.min_replicas}",
            )


def _budget(spec: ServiceSpec) -> Iterator[Fault]:
    needed = spec.roles.gpus(spec.minima.prefill, spec.minima.decode)
    if spec.gpu_budget is not None and spec.gpu_budget < needed:
        yield Fault(
            path="spec.gpuBudget",
            wrong=f"is {spec.gpu_budget}, but the minima {spec.minima} use {needed} GPUs",
            right=f"write at least {needed}, or lower the minima",
        )


def _measured(spec: ServiceSpec) -> Iterator[Fault]:
    ratio = spec.ratio
    if isinstance(ratio, MeasuredRatio) and ratio.band.low > ratio.band.high:
        yield Fault(
            path="spec.ratio.min",
            wrong=f"min {ratio.min} is above max {ratio.max}",
            right=f'exchange them: min: "{ratio.max}", max: "{ratio.min}"',
        )


def _feasibility(spec: ServiceSpec) -> Iterator[Fault]:
    box, band = box_of(spec), spec.ratio.band
    yield from no_pair("spec.ratio", box, band, ratio=spec.ratio if isinstance(spec.ratio, FixedRatio) else None)
    if spec.hpa_tolerance <= 0:
        return
    stuck_at = stands_still(box, band, spec.hpa_tolerance)
    if stuck_at is not None:
        yield Fault(
            path="spec.hpaTolerance",
            wrong=f"no pair within bounds and ratio differs from {stuck_at} by more than {spec.hpa_tolerance:g}",
            right="widen the bounds or the ratio's tolerance, or write 0 where the HPAs' tolerance can be set",
        )
