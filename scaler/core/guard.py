"""One latency guard at one tick: what its histogram says, and what follows from it.

A guard reads the histogram itself; see tier.py. It never asks for fewer replicas. (DESIGN 7.2; ADR 0006.)
"""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.guard_spec import GuardSpec
from disaggregated_service.core.pair import Pair, Role
from scaler.core.observation import Absent, Histogram, Present, Quiet, Reading, Signals, Why
from scaler.core.tier import Ladder, Standing, ladder, stand


@dataclass(frozen=True, slots=True)
class Judged:
    """Enough samples. The guard is at risk when `standing.step` is 1.0 or above, and raises above 1.0."""

    standing: Standing
    rungs: Ladder
    samples: int


@dataclass(frozen=True, slots=True)
class Still:
    """Too few samples to say anything, and nobody is waiting for more: forbids nothing."""

    samples: int
    queue_unknown: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer where one was due: forbids shrinking. jammed: many wait and few come out."""

    why: Why
    detail: str = ""
    jammed: bool = False


Judgement = Judged | Still | Unknown


def guard_id(guard: GuardSpec) -> str:
    """`tbt_p90`: the guard's name in the trail, the metrics and the state."""
    return f"{guard.metric.value}_p{guard.percentile:g}"


def judge(guard: GuardSpec, reading: Reading[Histogram], waiting: float | None) -> Judgement:
    """What the guard's histogram says. waiting: requests in queues, over both roles; None where unknown."""
    match reading:
        case Absent(why=why, detail=detail):
            return Unknown(why, detail)
        case Quiet(samples=samples):
            return _few(samples, waiting)
        case Present(value=histogram, samples=samples):
            if samples < guard.min_samples or histogram.total <= 0:
                return _few(samples, waiting)
            rungs = ladder(histogram.bounds_s, guard.target_s)
            if rungs is None:
                return Unknown(Why.ABOVE_LAST_BUCKET)
            return Judged(stand(histogram, rungs, guard.percentile), rungs, samples)


def _few(samples: int, waiting: float | None) -> Judgement:
    """A jammed pool writes no first tokens, so silence with a queue behind it is not idleness."""
    if waiting is None:
        return Still(samples, queue_unknown=True)
    if waiting > samples:
        return Unknown(Why.TOO_FEW_SAMPLES, jammed=True)
    return Still(samples, queue_unknown=False)


def waiting_requests(signals: Signals) -> float | None:
    """Requests waiting over both roles; None where neither role says."""
    known = [
        reading.value for reading in (signals.prefill.waiting, signals.decode.waiting) if isinstance(reading, Present)
    ]
    return sum(known) if known else None


def asked(step: float, roles: tuple[Role, ...], produced_by: Pair) -> dict[Role, float]:
    """Replicas asked for at a tier: a fixed step on those that produced the reading, never on a raise still starting.

    (Multiplying the count in force instead turns (3, 9) into (40, 120) within three minutes of slow starts.)
    """
    if step <= 1.0:
        return {}
    return {role: step * produced_by.of(role) for role in roles}
