"""Proportional control for one role: from tokens per second to replicas, and whether that asks for a move.

Missing data is resolved against the direction of the move: silent replicas count as idle when growing and as full
when shrinking. (DESIGN 7.1; HeteroScale Algorithm 2; ADR 0005.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from disaggregated_service.core.load_spec import LoadSpec, RoleLoad
from disaggregated_service.core.ratio import EPSILON
from scaler.core.observation import Absent, Present, Quiet, Reading, RoleSignals, Why


@dataclass(frozen=True, slots=True)
class Measured:
    """A role's load. need_out, need_in: replicas needed, with unseen replicas idle and full respectively.

    load_tps: tokens/s over the covered replicas, or the gateway's demand where that is larger. need_in_if_heard:
    `need_in` as it would be with nobody silent. demand_absent: a named demand could not be read.
    """

    need_out: float
    need_in: float
    need_in_if_heard: float
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


def measure(load: RoleLoad, signals: RoleSignals, *, expected: int) -> Measured | Missing:
    """The role's needs. expected: replicas that should be heard, whether ready or still starting."""
    reading = signals.load
    if not isinstance(reading, Present):
        return _missing(reading)
    covered = reading.coverage.covered
    if covered == 0:
        return Missing(Why.STALE, "no replica answered in time")
    if not _is_load(reading.value):
        return Missing(Why.NOT_A_NUMBER, f"{reading.value}")
    load_tps, demand_absent = reading.value, signals.demand is not None
    if isinstance(signals.demand, Present) and _is_load(signals.demand.value):
        load_tps, demand_absent = max(load_tps, signals.demand.value), False
    need = load_tps / load.target
    return Measured(
        need_out=need,
        need_in=need + max(0, expected - covered) * load.full,
        need_in_if_heard=need + max(0, expected - signals.ready) * load.full,
        load_tps=load_tps,
        covered=covered,
        age_s=reading.age_s,
        demand_absent=demand_absent,
    )


def ask(measured: Measured, load: LoadSpec, *, in_force: int, spared_from: int) -> Ask:
    """Whether the needs lie outside the two thresholds; both comparisons are strict.

    spared_from: the replicas that a shrink would be taken from, those in force and ready.
    """
    if measured.need_out > in_force * load.scale_out_above + EPSILON:
        return AskOut(measured.need_out)
    least = spared_from * load.scale_in_below
    if measured.need_in < least - EPSILON:
        return AskIn(measured.need_in)
    return NoAsk(silent=measured.need_in_if_heard < least - EPSILON)


def _is_load(value: float) -> bool:
    """A rate is finite and not negative; anything else is nonsense from somewhere, and so unknown."""
    return isfinite(value) and value >= 0


def _missing(reading: Reading[float]) -> Missing:
    match reading:
        case Absent(why=why, detail=detail):
            return Missing(why, detail)
        case Quiet():
            return Missing(Why.TOO_FEW_SAMPLES)
        case Present():
            raise AssertionError("a present reading is not missing")
