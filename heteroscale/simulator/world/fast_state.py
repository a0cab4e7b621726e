"""The fast world as records: one per request, one per replica that exists.

Records, because all that is known of a request or a replica then lies side by side in memory and is handed over as one
pointer; with an array per field the calls alone took longer than the work. The fields have the names of the reference
world. Only `fast_*` modules may touch them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, TTFT_BOUNDS_S
from heteroscale.simulator.world.work import Work

Records = NDArray[np.void]

NOBODY = -1
STEP_BITS = 32  # a decode heap's key is `step << 32 | request`: ordered by step, then by request
SLOTS = 16
BATCH = 64

_TTFT_BUCKETS = (len(TTFT_BOUNDS_S) + 1,)
_TBT_BUCKETS = (len(TBT_BOUNDS_S) + 1,)

REQUEST = np.dtype(
    [
        ("arrival_s", "f8"), ("prompt_tokens", "i8"), ("cached_tokens", "i8"), ("read_s", "f8"), ("transfer_s", "f8"),
        ("to_write", "i8"), ("first_token_s", "f8"), ("finish_s", "f8"),
        ("slot", "i4"),     # of the prefill replica
        ("follower", "i4"), # the next one in whatever queue the request is in: a door, a replica's waiting or late ones
    ]
)  # fmt: skip

MOMENT = np.dtype([("at_s", "f8"), ("request", "i8")])

TALLY = np.dtype(
    [
        ("arrived", "i8"), ("reading", "i8"), ("travelling", "i8"), ("finished", "i8"),
        ("prefill_turn", "i8"), ("decode_turn", "i8"),  # whose turn it is in round robin
        ("prefill_door", "i8"), ("prefill_door_head", "i8"), ("prefill_door_tail", "i8"),
        ("decode_door", "i8"), ("decode_door_head", "i8"), ("decode_door_tail", "i8"),
    ]
)  # fmt: skip

READER = np.dtype(
    [
        ("held", "i8"), ("prompt_tokens", "i8"), ("cached_tokens", "i8"), ("prompts", "i8"), ("ttft_s", "f8"),
        ("read_s", "f8"),   # seconds of reading given out so far, of all ranks
        ("ttft", "i8", _TTFT_BUCKETS),
    ]
)  # fmt: skip

WRITER = np.dtype(
    [
        ("clock_s", "f8"), ("next_finish_s", "f8"), ("left_at_s", "f8"), ("steps", "i8"), ("running", "i8"),
        ("requests", "i8"), ("context", "i8"), ("reserved", "i8"), ("generated", "i8"), ("received", "i8"),
        ("prompts", "i8"), ("waiting_head", "i8"), ("waiting_tail", "i8"), ("late_head", "i8"), ("late_tail", "i8"),
        ("inter_token_s", "f8"), ("per_request_s", "f8"), ("busy_s", "f8"),
        ("floor_s", "f8"),  # the part of busy_s that is d0
        ("inter_token", "i8", _TBT_BUCKETS), ("per_request", "i8", _TBT_BUCKETS),
    ]
)  # fmt: skip


class DecodeSpec(NamedTuple):
    """The decode engine's numbers."""

    d0: float
    d1: float
    d2: float
    kv_tokens_max: int


def decode_spec(engine: Engine) -> DecodeSpec:
    return DecodeSpec(*engine.step_s, engine.kv_tokens_max)


class Flow(NamedTuple):
    """Requests, two heaps by time (`ends` of prompts being read, `lands` of KV caches travelling), and the tally.

    The heaps have room for everybody; pages that are never touched cost nothing.
    """

    requests: Records
    ends: Records
    lands: Records
    tally: Records


def flow_of(work: Work) -> Flow:
    """Nobody has arrived."""
    count = len(work.arrival_s)
    requests = np.zeros(count, REQUEST)
    for field in ("arrival_s", "prompt_tokens", "cached_tokens", "read_s", "transfer_s", "to_write"):
        requests[field] = getattr(work, field)
    requests["first_token_s"] = requests["finish_s"] = np.nan
    return Flow(requests, np.empty(count, MOMENT), np.empty(count, MOMENT), np.zeros(1, TALLY))


class Readers(NamedTuple):
    """Prefill replicas by slot; free_at_s: by slot and rank."""

    records: Records
    free_at_s: NDArray[np.float64]


def readers_of(ranks: int, slots: int = SLOTS) -> Readers:
    return Readers(np.zeros(slots, READER), np.zeros((slots, ranks)))


def clear_reader(readers: Readers, slot: int, ready_at_s: float) -> None:
    """A new replica in the slot of one that is gone."""
    readers.records[slot] = np.zeros((), READER)
    readers.free_at_s[slot] = ready_at_s


def more_readers(readers: Readers, slots: int) -> Readers:
    """The same replicas with room for others."""
    fresh = readers_of(readers.free_at_s.shape[1], slots)
    _copy(readers.records, fresh.records)
    _copy(readers.free_at_s, fresh.free_at_s)
    return fresh


class Writers(NamedTuple):
    """Decode replicas by slot; leaving: a heap of keys per slot."""

    records: Records
    leaving: NDArray[np.int64]


def writers_of(slots: int = SLOTS, batch: int = BATCH) -> Writers:
    return Writers(np.zeros(slots, WRITER), np.empty((slots, batch), dtype=np.int64))


def clear_writer(writers: Writers, slot: int, ready_at_s: float) -> None:
    """A new replica in the slot of one that is gone."""
    fresh = np.zeros((), WRITER)
    for queue in ("waiting_head", "waiting_tail", "late_head", "late_tail"):
        fresh[queue] = NOBODY
    fresh["next_finish_s"] = np.inf
    fresh["clock_s"] = fresh["left_at_s"] = ready_at_s
    writers.records[slot] = fresh


def more_writers(writers: Writers, slots: int, batch: int) -> Writers:
    """The same replicas with room for others, and for more requests on each."""
    fresh = writers_of(slots, batch)
    _copy(writers.records, fresh.records)
    _copy(writers.leaving, fresh.leaving)
    return fresh


def _copy(before: NDArray[Any], after: NDArray[Any]) -> None:
    after[tuple(slice(0, length) for length in before.shape)] = before
