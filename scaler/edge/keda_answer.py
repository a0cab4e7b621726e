"""What the board answers to one reference: a published count, or why there is none.

"Unknown" is a refusal here, never a number: KEDA and the HPA turn 0, NaN and empty lists into replica counts, while an
error freezes the pool at its size. It must never ask anything but the board.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

import grpc

from disaggregated_service.core.role_spec import RoleSpec
from scaler.edge.board import FRESH_INTERVALS, Board
from scaler.edge.keda_reference import COMPONENT_KEY, ECHO_CHARS_MAX, Reference, echo


class Refused(Enum):
    """Why there is no count, as a gRPC status. Only UNAVAILABLE may pass by itself."""

    NOT_FOUND = grpc.StatusCode.NOT_FOUND
    INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
    UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Refusal:
    """No count, and why, in words for KEDA's event."""

    why: Refused
    details: str


def published_replicas(board: Board, reference: Reference) -> int | Refusal:
    """Return the count that the last fresh decision publishes for the reference's role.

    For a component of the role, that count times the component's own: always a whole number of replicas.
    """
    entry = board.entry(reference.key)
    if entry is None:
        return _unknown_service(board, reference)
    per_replica = _instances_per_replica(entry.service.spec.roles.of(reference.role), reference)
    if isinstance(per_replica, Refusal):
        return per_replica
    decision = entry.decision
    if decision is None:
        return _unavailable(reference, f"no decision yet: {entry.waiting_for or 'waiting for the first one'}")
    if not board.is_fresh(entry):
        age = f"{board.age_s(entry):.0f} s old, more than {FRESH_INTERVALS} intervals"
        return _unavailable(reference, f"the last decision is {age}; see /readyz and heteroscale_decision_age_seconds")
    if decision.published is None:
        return _unavailable(reference, "the service is advisory: it decides and explains, but KEDA is told nothing")
    return decision.published.of(reference.role) * per_replica


def _instances_per_replica(pool: RoleSpec, reference: Reference) -> int | Refusal:
    """1 for a role without components. One with components has no scale of its own, so it has to be told which."""
    asked = reference.component
    if not pool.components:
        return 1 if not asked else _misled(f"{echo(asked)}, but {reference.role} has no components; leave it out")
    for component in pool.components:
        if component.name == asked:
            return component.count
    names = [component.name for component in pool.components]
    if not asked:
        return _misled(f"missing; {reference.role} has components, each with a scale of its own: {', '.join(names)}")
    near = get_close_matches(asked[:ECHO_CHARS_MAX], names, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"it has: {', '.join(names)}"
    return _misled(f"{echo(asked)} is no component of {reference.role}; {remedy}")


def _misled(wrong: str) -> Refusal:
    return Refusal(Refused.INVALID_ARGUMENT, f"scalerMetadata.{COMPONENT_KEY}: {wrong}")


def _unknown_service(board: Board, reference: Reference) -> Refusal:
    if not board.first_tick_done:  # nothing has been read yet, so nothing can be said not to exist
        return _unavailable(reference, "the first tick has not finished")
    return Refusal(
        Refused.NOT_FOUND,
        f"scalerMetadata.service: no service {echo(reference.key.name)} in namespace "
        f"{echo(reference.key.namespace)}; a service is looked up in the ScaledObject's own namespace",
    )


def _unavailable(reference: Reference, why: str) -> Refusal:
    return Refusal(Refused.UNAVAILABLE, f"service {echo(str(reference.key))}: {why}")
