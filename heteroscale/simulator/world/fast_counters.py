"""What a scrape reads of the fast world's arrays: rows of some slots, copied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heteroscale.simulator.world.fast_slots import Slot, slots_of
from heteroscale.simulator.world.fast_state import Readers, Writers
from heteroscale.simulator.world.interface import RoleCounters
from heteroscale.simulator.world.pool import Member, State


def prefill_counters(readers: Readers, members: Sequence[Member[Slot]], now_s: float) -> RoleCounters:
    slots = slots_of(members)
    rows = readers.records[slots]
    held = rows["held"]
    running = np.minimum(held, (readers.free_at_s[slots] > now_s).sum(axis=1))
    return RoleCounters(
        number=np.array([member.number for member in members], dtype=np.int64),
        ready=np.array([member.state is State.READY for member in members], dtype=np.bool_),
        draining=np.array([member.state is State.DRAINING for member in members], dtype=np.bool_),
        tokens=rows["prompt_tokens"],
        cached_tokens=rows["cached_tokens"],
        prompts=rows["prompts"],
        waiting=held - running,
        running=running,
        kv_usage_frac=np.zeros(len(slots)),
        latency_counts=rows["ttft"],
        latency_s=rows["ttft_s"],
    )


def decode_counters(writers: Writers, members: Sequence[Member[Slot]], kv_tokens_max: int) -> RoleCounters:
    slots = slots_of(members)
    rows = writers.records[slots]
    running = rows["running"]
    return RoleCounters(
        number=np.array([member.number for member in members], dtype=np.int64),
        ready=np.array([member.state is State.READY for member in members], dtype=np.bool_),
        draining=np.array([member.state is State.DRAINING for member in members], dtype=np.bool_),
        tokens=rows["generated"],
        cached_tokens=rows["received"],
        prompts=rows["prompts"],
        waiting=rows["requests"] - running,
        running=running,
        kv_usage_frac=rows["context"] / kv_tokens_max,
        latency_counts=rows["per_request"],
        latency_s=rows["per_request_s"],
    )
