"""Proportional control: what one replica should carry, and when a pool moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from disaggregated_service.core.pair import Role
from disaggregated_service.core.schema import Bounds, Doc, Duration, Key, Pattern

TARGET_OF_CAPACITY_FRAC = 0.60
"""Default targetPerReplica as a fraction of the capacity at the SLO.

At 0.9 the signal saturates before it can ask for more (a full pool never reads above its capacity), so the
first sign of overload would be a broken latency guard; at 0.6 the load can grow by two thirds before it
does.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLoad:
    """The linear load signal of one role."""

    metric: Annotated[Literal["decodeTps", "prefillTps"], Doc("Tokens per second written, or prompt tokens computed.")]
    target_per_replica: Annotated[
        float | None,
        Bounds(above=0),
        Doc("Tokens/s one replica should carry. Default: 0.60 of capacityPerReplica."),
    ] = None
    capacity_per_replica: Annotated[
        float | None, Bounds(above=0), Doc("Tokens/s one replica can carry within its SLO. Default: unknown.")
    ] = None
    demand_metric: Annotated[
        str | None,
        Pattern(r"(?s).+", "sum(rate(gateway_output_tokens_total[1m]))", 4096),
        Doc("PromQL for tokens/s arriving at a gateway; the larger of it and the measured load is used."),
    ] = None

    @property
    def target(self) -> float:
        """Tokens/s one replica should carry; validation guarantees that one of the two numbers is given."""
        if self.target_per_replica is not None:
            return self.target_per_replica
        return TARGET_OF_CAPACITY_FRAC * (self.capacity_per_replica or 0.0)

    @property
    def full(self) -> float:
        """The load of a replica we cannot see, in units of the target."""
        return self.capacity_per_replica / self.target if self.capacity_per_replica else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """Least time between load-driven changes, per direction."""

    out_s: Annotated[float, Key("out"), Duration(), Doc("Since the last granted load-driven raise.")] = 60.0
    in_s: Annotated[float, Key("in"), Duration(), Doc("Since any change; also how long the lower load must last.")] = (
        600.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """How load becomes a number of replicas."""

    driver: Annotated[Role, Doc("Fixed ratio only: the role whose load sizes the pair.")] = Role.DECODE
    decode: Annotated[RoleLoad | None, Doc("The decode pool's load signal.")] = None
    prefill: Annotated[RoleLoad | None, Doc("The prefill pool's load signal.")] = None
    scale_out_above: Annotated[float, Bounds(1.0, 10.0), Doc("Grow when the need exceeds the pool by this factor.")] = (
        1.10
    )
    scale_in_below: Annotated[float, Bounds(0.0, 1.0), Doc("Shrink when the need is below this part of the pool.")] = (
        0.90
    )
    cooldown: Annotated[Cooldown, Doc("Least time between load-driven changes.")] = Cooldown()
    progress_deadline_s: Annotated[
        float,
        Key("progressDeadline"),
        Duration(min_s=1),
        Doc("How long a replica that does not start is counted on."),
    ] = 600.0

    def of(self, role: Role) -> RoleLoad | None:
        return self.prefill if role is Role.PREFILL else self.decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Damping:
    """Fraction of the gap closed in one load-driven action."""

    out: Annotated[float, Bounds(maximum=1, above=0), Doc("When growing.")] = 1.0
    in_: Annotated[float, Key("in"), Bounds(maximum=1, above=0), Doc("When shrinking.")] = 0.5
