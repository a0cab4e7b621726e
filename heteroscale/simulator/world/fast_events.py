"""`World`'s event loop, compiled: arrivals, landings, routing, the doors.

A function that returns a slot has stopped because that slot's heap is full: nothing is lost, make room and call again.
NOBODY says that it came to its end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from heteroscale.simulator.trace import IntArray
from heteroscale.simulator.world.compiled import compiled
from heteroscale.simulator.world.fast_decode import advance, submit_decode
from heteroscale.simulator.world.fast_prefill import count_ended, first_free, heap_pop, submit_prefill
from heteroscale.simulator.world.fast_state import NOBODY, DecodeSpec, Flow, Readers, Writers


@compiled
def events_until(
    spec: DecodeSpec,
    flow: Flow,
    readers: Readers,
    writers: Writers,
    ready_readers: IntArray,
    ready_writers: IntArray,
    in_turn: bool,
    until_s: float,
) -> int:
    """Everything that happens until then, with these replicas ready, in their order of birth."""
    tally, count = flow.tally[0], len(flow.requests)
    while True:
        arrives_s = flow.requests[tally.arrived].arrival_s if tally.arrived < count else np.inf
        lands_s = flow.lands[0].at_s if tally.travelling else np.inf
        if arrives_s > until_s and lands_s > until_s:
            return NOBODY
        if arrives_s <= lands_s:
            _read(flow, readers, ready_readers, in_turn, tally.arrived, arrives_s)
            tally.arrived += 1
            continue
        full = _write(spec, flow, writers, ready_writers, in_turn, flow.lands[0].request, lands_s)
        if full != NOBODY:
            return full
        heap_pop(flow.lands, tally.travelling)
        tally.travelling -= 1


@compiled
def open_prefill_door(flow: Flow, readers: Readers, ready: IntArray, in_turn: bool, now_s: float) -> None:
    """Those who wait outside come in, in their order."""
    tally = flow.tally[0]
    while len(ready) and tally.prefill_door:
        request = tally.prefill_door_head
        tally.prefill_door_head = flow.requests[request].follower
        tally.prefill_door -= 1
        _read(flow, readers, ready, in_turn, request, now_s)


@compiled
def open_decode_door(
    spec: DecodeSpec, flow: Flow, writers: Writers, ready: IntArray, in_turn: bool, now_s: float
) -> int:
    """Those who wait outside come in, in their order."""
    tally = flow.tally[0]
    while len(ready) and tally.decode_door:
        request = tally.decode_door_head
        following = flow.requests[request].follower
        full = _write(spec, flow, writers, ready, in_turn, request, now_s)
        if full != NOBODY:
            return full
        tally.decode_door_head = following
        tally.decode_door -= 1
    return NOBODY


@compiled
def look(spec: DecodeSpec, flow: Flow, readers: Readers, writers: Writers, slots: IntArray, now_s: float) -> None:
    """Bring every counter to this moment; `slots` are the decode replicas that exist."""
    count_ended(flow, readers, now_s)
    for slot in slots:
        flow.tally[0].finished += advance(spec, flow.requests, writers.records[slot], writers.leaving[slot], now_s)


@compiled
def _read(flow: Flow, readers: Readers, ready: IntArray, in_turn: bool, request: int, now_s: float) -> None:
    tally = flow.tally[0]
    if not len(ready):
        flow.requests[request].follower = NOBODY
        if tally.prefill_door:
            flow.requests[tally.prefill_door_tail].follower = request
        else:
            tally.prefill_door_head = request
        tally.prefill_door_tail = request
        tally.prefill_door += 1
        return
    if in_turn:
        chosen = ready[tally.prefill_turn % len(ready)]
        tally.prefill_turn += 1
    else:
        chosen = _starts_first(readers, ready, now_s)
    submit_prefill(flow, readers, chosen, request, now_s)


@compiled
def _starts_first(readers: Readers, ready: IntArray, now_s: float) -> Any:
    chosen, free_at_s = ready[0], np.inf
    for slot in ready:
        ranks_s = readers.free_at_s[slot]
        at_s = ranks_s[first_free(ranks_s)]
        if at_s < free_at_s:
            chosen, free_at_s = slot, at_s
        if free_at_s <= now_s:
            break
    return chosen


@compiled
def _write(
    spec: DecodeSpec, flow: Flow, writers: Writers, ready: IntArray, in_turn: bool, request: int, now_s: float
) -> int:
    tally, r = flow.tally[0], flow.requests[request]
    if np.isnan(r.first_token_s):  # it has just landed
        r.first_token_s = now_s
    if r.to_write == 0:
        r.finish_s = now_s
        tally.finished += 1
        return NOBODY
    if not len(ready):
        _to_decode_door(flow, request)
        return NOBODY
    chosen = ready[tally.decode_turn % len(ready)] if in_turn else _fewest_requests(spec, flow, writers, ready, now_s)
    w, leaving = writers.records[chosen], writers.leaving[chosen]
    if w.requests == len(leaving):
        return int(chosen)
    tally.decode_turn += 1
    tally.finished += submit_decode(spec, flow.requests, w, leaving, request, now_s)
    return NOBODY


@compiled
def _to_decode_door(flow: Flow, request: int) -> None:
    tally = flow.tally[0]
    flow.requests[request].follower = NOBODY
    if tally.decode_door:
        flow.requests[tally.decode_door_tail].follower = request
    else:
        tally.decode_door_head = request
    tally.decode_door_tail = request
    tally.decode_door += 1


@compiled
def _fewest_requests(spec: DecodeSpec, flow: Flow, writers: Writers, ready: IntArray, now_s: float) -> Any:
    chosen, fewest = ready[0], np.int64(1 << 62)
    for slot in ready:
        w = writers.records[slot]
        if w.next_finish_s <= now_s:
            flow.tally[0].finished += advance(spec, flow.requests, w, writers.leaving[slot], now_s)
        if w.requests < fewest:
            chosen, fewest = slot, w.requests
    return chosen
