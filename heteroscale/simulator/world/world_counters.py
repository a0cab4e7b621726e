"""What a scrape and a GPU exporter read of the reference world's replicas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from heteroscale.simulator.world.activity import DECODE_SM_FLOOR_FRAC, PREFILL_SM_FRAC
from heteroscale.simulator.world.decode_replica import DecodeReplica
from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, TTFT_BOUNDS_S, BucketCounts
from heteroscale.simulator.world.interface import IntArray, RoleCounters
from heteroscale.simulator.world.pool import E, Member, State
from heteroscale.simulator.world.prefill_replica import PrefillReplica


def prefill_counters(members: Sequence[Member[PrefillReplica]], now_s: float) -> RoleCounters:
    engines = [member.engine for member in members]
    return RoleCounters(
        number=_integers(member.number for member in members),
        ready=_are(State.READY, members),
        draining=_are(State.DRAINING, members),
        tokens=_integers(engine.prompt_tokens for engine in engines),
        cached_tokens=_integers(engine.cached_tokens for engine in engines),
        prompts=_integers(engine.prompts for engine in engines),
        waiting=_integers(engine.waiting(now_s) for engine in engines),
        running=_integers(engine.running(now_s) for engine in engines),
        kv_usage_frac=np.zeros(len(engines)),
        latency_counts=_counts([engine.ttft for engine in engines], len(TTFT_BOUNDS_S) + 1),
        latency_s=np.array([engine.ttft.total for engine in engines], dtype=np.float64),
    )


def decode_counters(members: Sequence[Member[DecodeReplica]]) -> RoleCounters:
    engines = [member.engine for member in members]
    return RoleCounters(
        number=_integers(member.number for member in members),
        ready=_are(State.READY, members),
        draining=_are(State.DRAINING, members),
        tokens=_integers(engine.generated_tokens for engine in engines),
        cached_tokens=_integers(engine.received_tokens for engine in engines),
        prompts=_integers(engine.prompts for engine in engines),
        waiting=_integers(engine.waiting() for engine in engines),
        running=_integers(engine.running for engine in engines),
        kv_usage_frac=np.array([engine.kv_usage_frac for engine in engines], dtype=np.float64),
        latency_counts=_counts([engine.per_request for engine in engines], len(TBT_BOUNDS_S) + 1),
        latency_s=np.array([engine.per_request.total for engine in engines], dtype=np.float64),
    )


class Activity:
    """Busy and SM-active seconds of both roles, those of replicas that are gone included."""

    def __init__(self) -> None:
        self._read_s = 0.0
        self._wrote_s = 0.0
        self._floor_s = 0.0

    def keep_reader(self, engine: PrefillReplica, now_s: float) -> None:
        """What one did that is let go of."""
        self._read_s += engine.busy_s(now_s)

    def keep_writer(self, engine: DecodeReplica) -> None:
        """What one did that is let go of."""
        self._wrote_s += engine.busy_s
        self._floor_s += engine.floor_s

    def read_s(self, members: Iterable[Member[PrefillReplica]], now_s: float) -> float:
        return self._read_s + sum(member.engine.busy_s(now_s) for member in members)

    def read_sm_s(self, members: Iterable[Member[PrefillReplica]], now_s: float) -> float:
        return PREFILL_SM_FRAC * self.read_s(members, now_s)

    def wrote_s(self, members: Iterable[Member[DecodeReplica]]) -> float:
        return self._wrote_s + sum(member.engine.busy_s for member in members)

    def wrote_sm_s(self, members: Sequence[Member[DecodeReplica]]) -> float:
        floor_s = self._floor_s + sum(member.engine.floor_s for member in members)
        return self.wrote_s(members) - (1 - DECODE_SM_FLOOR_FRAC) * floor_s


def _are(state: State, members: Sequence[Member[E]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([member.state is state for member in members], dtype=np.bool_)


def _integers(values: Iterable[int]) -> IntArray:
    return np.array(list(values), dtype=np.int64)


def _counts(histograms: Sequence[BucketCounts], buckets: int) -> IntArray:
    return np.array([histogram.counts for histogram in histograms], dtype=np.int64).reshape(-1, buckets)
