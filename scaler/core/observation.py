"""All readings of one service at one tick.

What we do not know is a value here (`Absent`), never a zero: every rule that could shrink a pool has to look at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.override import Override
from disaggregated_service.core.pair import Pair, Role

T_co = TypeVar("T_co", covariant=True)


class Why(StrEnum):
    """Why a reading is absent."""

    NOT_CONFIGURED = "not_configured"  # no such signal in this preset or spec
    NO_SERIES = "no_series"  # the source answered, with nothing under any known name
    STALE = "stale"  # every sample is older than staleAfter
    TOO_FEW_SAMPLES = "too_few_samples"  # a rate needs two
    NOT_A_NUMBER = "not_a_number"
    SOURCE_DOWN = "source_down"
    SOURCE_SLOW = "source_slow"
    SOURCE_REFUSED = "source_refused"  # an error answer: bad query, bad credentials
    ANSWER_TOO_LARGE = "answer_too_large"
    AMBIGUOUS = "ambiguous"  # duplicated series: one replica under two different values
    FRONTEND_SILENT = "frontend_silent"  # one silent frontend hides an unknown part of the load
    ABOVE_LAST_BUCKET = "above_last_bucket"  # the histogram cannot see the target


@dataclass(frozen=True, slots=True)
class Coverage:
    """Replicas whose samples arrived in time, of those ready."""

    covered: int
    ready: int


@dataclass(frozen=True, slots=True)
class Present(Generic[T_co]):
    """A fresh value.

    samples: raw samples behind it; of a histogram, observations in the window.
    age_s: of the last sample of the covered replica that answered longest ago.
    """

    value: T_co
    samples: int
    age_s: float
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Quiet:
    """Fresh, but hardly any work to measure."""

    samples: int
    age_s: float


@dataclass(frozen=True, slots=True)
class Absent:
    """Unknown, and why; `detail` is for people."""

    why: Why
    detail: str = ""


Reading = Present[T_co] | Quiet | Absent


@dataclass(frozen=True, slots=True)
class Histogram:
    """Observations of one window.

    bounds_s: finite upper bounds, ascending. cumulative: observations at or below each bound, of the same length.
    total: all of them, the +Inf bucket.
    """

    bounds_s: tuple[float, ...]
    cumulative: tuple[float, ...]
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSignals:
    """One pool at one tick.

    ready: replicas that serve. discovered: those that exist, answering or not. load: tokens/s over the covered
    replicas. demand: tokens/s arriving at a gateway, None where the spec names no such metric.
    waiting, running: requests, summed over the covered replicas.
    """

    ready: int
    discovered: int
    load: Reading[float]
    demand: Reading[float] | None = None
    waiting: Reading[float] = Absent(Why.NOT_CONFIGURED)
    running: Reading[float] = Absent(Why.NOT_CONFIGURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalName:
    """Which name a signal was read under, and which better ones were missing."""

    signal: str
    used: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a source delivers for one service. latencies: the metrics that the preset has, guarded or not."""

    prefill: RoleSignals
    decode: RoleSignals
    latencies: Mapping[GuardMetric, Reading[Histogram]] = field(default_factory=dict)
    names: tuple[SignalName, ...] = ()
    sample_interval_s: float | None = None  # as observed; None where the source cannot tell

    def of(self, role: Role) -> RoleSignals:
        return self.prefill if role is Role.PREFILL else self.decode

    @property
    def ready(self) -> Pair:
        return Pair(self.prefill.ready, self.decode.ready)

    @property
    def discovered(self) -> Pair:
        return Pair(self.prefill.discovered, self.decode.discovered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything the policy may look at in one tick of one service.

    active_entries: names of the schedule entries in whose period this tick lies. override: the annotation in force.
    interval_s: the program's own tick interval.
    """

    signals: Signals
    active_entries: tuple[str, ...] = ()
    override: Override | None = None
    interval_s: float = 15.0
