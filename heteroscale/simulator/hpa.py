"""What the Kubernetes HPA makes of one external metric of type AverageValue. Pure.

Source: replica_calculator.go and horizontal.go of Kubernetes 1.33 and later. All quantities are whole milli.
The behaviour is the one that the rendered ScaledObjects set: any step at once, nothing stabilised, so neither
policies nor windows are modelled here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MILLI = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaSpec:
    """Bounds, and the tolerances of `behavior.scaleUp` and `behavior.scaleDown` (the cluster's default is 0.1)."""

    min_replicas: int
    max_replicas: int
    tolerance_up: float = 0.0
    tolerance_down: float = 0.0


def desired_replicas(
    spec: HpaSpec, *, spec_replicas: int, status_replicas: int, values_milli: Sequence[int] | None, target_milli: int
) -> int:
    """The `spec.replicas` after one sync. `values_milli` None: the metric could not be had, so nothing moves.

    A target at 0 is left to whoever put it there. A target outside the bounds goes to them first, metric or
    not. Several values are summed. Raises ValueError for a target that is not positive, as the API server does.
    """
    if target_milli <= 0:
        raise ValueError(f"target must be positive, not {target_milli}m")
    if spec_replicas == 0 and spec.min_replicas != 0:
        return 0
    within = min(max(spec_replicas, spec.min_replicas), spec.max_replicas)
    if within != spec_replicas or not values_milli:
        return within
    wish = average_value_replicas(spec, status_replicas, sum(values_milli), target_milli)
    return min(max(wish, spec.min_replicas), spec.max_replicas)


def average_value_replicas(spec: HpaSpec, status_replicas: int, usage_milli: int, target_milli: int) -> int:
    """`ceil(usage / target)`, or the status's replicas where usage per replica is within tolerance of the target.

    With the default tolerance of 0.1: 9 -> 10 obeyed, 10 -> 11 and 20 -> 21 swallowed, 10 -> 9 swallowed, 20 ->
    17 obeyed.
    """
    if status_replicas > 0:
        ratio = usage_milli / (target_milli * status_replicas)
        if (1.0 - spec.tolerance_down) <= ratio <= (1.0 + spec.tolerance_up):
            return status_replicas
    return -(-usage_milli // target_milli)


def quantity_milli(value: float) -> int:
    """KEDA's float to a Kubernetes quantity, in milli: `%.3f`, with NaN, infinities and negatives becoming 0."""
    if not math.isfinite(value) or value < 0:
        return 0
    whole, thousandths = f"{value:.3f}".split(".")
    return int(whole) * MILLI + int(thousandths)
