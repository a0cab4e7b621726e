"""The immutable result of one tick for one service. Both pools are always read from the same one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, TrailStep


@dataclass(frozen=True, slots=True)
class Scale:
    """The granted pair differs from the pair in force before this tick."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """The pair in force stays; a decision too."""

    reason: Reason


Verdict = Scale | Hold


class ConditionType(StrEnum):
    """Standing facts about a service that somebody should know. Present means true."""

    GUARD_COARSE = "GuardCoarse"
    GUARD_INEFFECTIVE = "GuardIneffective"
    JAMMED = "Jammed"
    QUEUE_UNKNOWN = "QueueUnknown"
    REPLICAS_STUCK = "ReplicasStuck"
    SIGNALS_TOO_SPARSE = "SignalsTooSparse"
    RATIO_INFEASIBLE = "RatioInfeasible"
    OUT_OF_BOUNDS = "OutOfBounds"


@dataclass(frozen=True, slots=True)
class Condition:
    """One standing fact, with what it is about (a guard, a role) and its numbers."""

    type: ConditionType
    subject: str = ""
    numbers: tuple[tuple[str, float], ...] = ()


class ReadingState(StrEnum):
    """The three kinds of reading."""

    PRESENT = "present"
    QUIET = "quiet"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class ReadingNote:
    """What one signal said at this tick, as it is shown to people: never an input of the policy.

    `value` is in the signal's own unit (tokens/s, requests; for a latency the share of slow samples is in
    the trail).
    """

    signal: str  # e.g. "decode_tps", "prefill_waiting", "ttft"
    state: ReadingState
    value: float | None = None
    samples: int = 0
    age_s: float = 0.0
    covered: int = 0
    ready: int = 0
    name_used: str = ""
    names_missing: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One tick's answer for one service.

    in_force: the pair from which this tick started. targets: what the policy wants. granted: what placement
    has room for, and the next tick's pair in force (in advisory mode the targets are). published: what KEDA
    is told; None in advisory mode. ready and discovered: replicas counted at this tick. groups: where the granted
    replicas are or go; empty where nothing is placed.
    """

    service: ServiceKey
    sequence: int
    mode: Mode
    verdict: Verdict
    in_force: Pair
    targets: Pair
    granted: Pair
    published: Pair | None
    ready: Pair
    discovered: Pair
    trail: tuple[TrailStep, ...]
    conditions: tuple[Condition, ...] = ()
    readings: tuple[ReadingNote, ...] = ()
    groups: tuple[DeploymentGroup, ...] = ()
