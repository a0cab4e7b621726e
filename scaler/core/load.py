"""Proportional control for one role: from tokens per second to replicas, and whether that asks for a move.

Missing data is resolved against the direction of the move: silent replicas count as idle when growing and as full
when shrinking. (DESIGN 7.1; HeteroScale Algorithm 2; ADR 0005.)
"""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.load_spec import LoadSpec, RoleLoad
from scaler.core.observation import Absent, Present, Quiet, Reading, RoleSignals, Why

EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Measured:
    """A role's load. out, in_: replicas needed, with silent replicas idle and full respectively.

    load_tps: tokens/s over the covered replicas, or the gateway's demand where that is larger. idle_in: `in_` as it
    would be with nobody silent. demand_absent: a named demand could not be read.
    """

    out: float
    in_: float
    idle_in: float
    load_tps: float
    covered: int
    age_s: float
    demand_absent: bool

    @property
    def per_replica_tps(self) -> float:
        return self.load_tps / self.covered


@dataclass(frozen=True, slots=True)
class Missing:
    """The load is not known: asks nothing, and nothing shrinks."""

    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AskOut:
    """More than `threshold` times what is in force is needed."""

    need: float


@dataclass(frozen=True, slots=True)
class AskIn:
    """Less than the threshold is needed, at this tick."""

    need: float


@dataclass(frozen=True, slots=True)
class NoAsk:
    """Between the thresholds. silent: it would ask for fewer if all replicas had answered."""

    silent: bool


Ask = AskOut | AskIn | NoAsk


def measure(load: RoleLoad, signals: RoleSignals, *, counted_on: int) -> Measured | Missing:
    """The role's needs. counted_on: replicas in force less those stuck while starting."""
    reading = signals.load
    if not isinstance(reading, Present):
        return _missing(reading)
    covered = reading.coverage.covered
    if covered == 0:
        return Missing(Why.STALE, "no replica answered in time")
    demand_absent = signals.demand is not None and not isinstance(signals.demand, Present)
    load_tps = reading.value
    if isinstance(signals.demand, Present):
        load_tps = max(load_tps, signals.demand.value)
    out = load_tps / load.target
    unseen = max(0, counted_on - covered)
    return Measured(
        out=out,
        in_=out + unseen * load.full,
        idle_in=out + max(0, counted_on - signals.ready) * load.full,
        load_tps=load_tps,
        covered=covered,
        age_s=reading.age_s,
        demand_absent=demand_absent,
    )


def ask(measured: Measured, load: LoadSpec, *, in_force: int, counted_on: int, ready: int) -> Ask:
    """Whether the needs lie outside the two thresholds; both comparisons are strict."""
    if measured.out > in_force * load.scale_out_above + EPSILON:
        return AskOut(measured.out)
    least = min(counted_on, ready) * load.scale_in_below
    if measured.in_ < least - EPSILON:
        return AskIn(measured.in_)
    return NoAsk(silent=measured.idle_in < least - EPSILON)


def _missing(reading: Reading[float]) -> Missing:
    match reading:
        case Absent(why=why, detail=detail):
            return Missing(why, detail)
        case Quiet():
            return Missing(Why.TOO_FEW_SAMPLES)
        case Present():
            raise AssertionError("a present reading is not missing")
