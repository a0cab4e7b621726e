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


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer where one was due: forbids shrinking. jammed: many wait and few come out."""

    why: Why
    detail: str = ""
    jammed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """waiting: requests in the queues that are known. complete: False where one of them is not, or none is."""

    waiting: float
    complete: bool


Judgement = Judged | Still | Unknown


def guard_id(guard: GuardSpec) -> str:
    """`tbt_p90`: the guard's name in the trail, the metrics and the state."""
    return f"{guard.metric.value}_p{guard.percentile:g}"


def judge(guard: GuardSpec, reading: Reading[Histogram], queue: Queue) -> Judgement:
    """What the guard's histogram says; the queue tells few samples that are idleness from few that are a jam."""
    match reading:
        case Absent(why=why, detail=detail):
            return Unknown(why, detail)
        case Quiet(samples=samples):
            return _few(samples, queue)
        case Present(value=histogram, samples=samples):
            if samples < guard.min_samples or histogram.total <= 0:
                return _few(samples, queue)
            rungs = ladder(histogram.bounds_s, guard.target_s)
            if rungs is None:
                return Unknown(Why.ABOVE_LAST_BUCKET)
            return Judged(stand(histogram, rungs, guard.percentile), rungs, samples)


def _few(samples: int, queue: Queue) -> Judgement:
    """A jammed pool writes no first tokens, so silence with a queue behind it is not idleness."""
    if queue.waiting > samples:
        return Unknown(Why.TOO_FEW_SAMPLES, jammed=True)
    return Still(samples)


def queue_of(signals: Signals) -> Queue:
    """Requests waiting over both roles. A preset without the signal for a role leaves that role out."""
    waiting, known, missing = 0.0, False, False
    for reading in (signals.prefill.waiting, signals.decode.waiting):
        match reading:
            case Present(value=value):
                waiting, known = waiting + value, True
            case Absent(why=Why.NOT_CONFIGURED):
                pass
            case _:
                missing = True
    return Queue(waiting=waiting, complete=known and not missing)


def asked(step: float, roles: tuple[Role, ...], produced_by: Pair) -> dict[Role, float]:
    """Replicas asked for at a tier: a fixed step on those that produced the reading, never on a raise still starting.

    (Multiplying the count in force instead turns (3, 9) into (40, 120) within three minutes of slow starts.)
    """
    if step <= 1.0:
        return {}
    return {role: step * produced_by.of(role) for role in roles}
