"""Negative feedback: which latency pushes back, from where on, and on whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from disaggregated_service.core.pair import Role
from disaggregated_service.core.schema import Bounds, Doc, Duration, Key


class GuardMetric(StrEnum):
    """Latencies that can guard a service."""

    TTFT = "ttft"
    TBT = "tbt"

    @property
    def role(self) -> Role:
        """The role that can cure it: prompts wait for prefill, tokens for decode."""
        return Role.PREFILL if self is GuardMetric.TTFT else Role.DECODE


class Raises(StrEnum):
    """Whom a guard raises."""

    BOTH = "both"
    PREFILL = "prefill"
    DECODE = "decode"

    @property
    def roles(self) -> tuple[Role, ...]:
        if self is Raises.BOTH:
            return (Role.PREFILL, Role.DECODE)
        return (Role(self.value),)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSpec:
    """One latency SLO. It only ever raises, and forbids shrinking while it is at risk."""

    metric: Annotated[GuardMetric, Doc("ttft: time to first token. tbt: time between tokens.")]
    percentile: Annotated[float, Bounds(maximum=99.9, minimum=1), Doc("The percentile that must meet the target.")] = 90
    target_s: Annotated[float, Key("target"), Duration(min_s=0.001, max_s=3600), Doc("The SLO, for instance 40ms.")]
    min_samples: Annotated[int, Bounds(1, 1_000_000), Doc("Fewer samples in the window say nothing.")] = 20
    memory_s: Annotated[
        float,
        Key("memory"),
        Duration(),
        Doc("How long a firing keeps the pool from shrinking to that load again."),
    ] = 3600.0
    raises: Annotated[
        Raises | None,
        Doc("Whom it raises. Default: both with a fixed ratio; ttft prefill and tbt decode when measured."),
    ] = None
