"""`DecodeReplica`, compiled: the same steps in the same arithmetic, on records.

The reasoning is in `decode_replica.py`; here is only its execution. In what follows `w` is the replica's record and
`leaving` its heap.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from heteroscale.simulator.trace import IntArray
from heteroscale.simulator.world.compiled import compiled
from heteroscale.simulator.world.fast_histogram import TBT_S, bucket_of, observe_run
from heteroscale.simulator.world.fast_state import NOBODY, STEP_BITS, DecodeSpec, Records

REQUEST_MASK = (1 << STEP_BITS) - 1


@compiled
def submit_decode(spec: DecodeSpec, requests: Records, w: Any, leaving: IntArray, request: int, now_s: float) -> int:
    """Take a request whose KV cache has arrived; the caller has made sure that `leaving` has room for one more.

    Returns how many requests were finished on the way.
    """
    finished = advance(spec, requests, w, leaving, now_s)
    if w.running and w.clock_s < now_s:
        _run(spec, requests, w, 1)
        finished += _release(requests, w, leaving)
    w.requests += 1
    requests[request].follower = NOBODY
    if w.waiting_head == NOBODY:
        w.waiting_head = request
    else:
        requests[w.waiting_tail].follower = request
    w.waiting_tail = request
    _admit(spec, requests, w, leaving)
    _foresee(spec, w, leaving)
    return finished


@compiled
def advance(spec: DecodeSpec, requests: Records, w: Any, leaving: IntArray, until_s: float) -> int:
    """Run every step that ends by then; returns how many requests were finished."""
    finished = 0
    while w.running:
        steps = min(_steps_within(spec, w, until_s - w.clock_s), (leaving[0] >> STEP_BITS) - w.steps)
        if steps <= 0:
            return finished
        _run(spec, requests, w, steps)
        left = _release(requests, w, leaving)
        if left:
            finished += left
            _admit(spec, requests, w, leaving)
            _foresee(spec, w, leaving)
    w.clock_s = max(w.clock_s, until_s)
    return finished


@compiled
def _step_s(spec: DecodeSpec, w: Any) -> float:
    step_s: float = spec.d0 + spec.d1 * w.running + spec.d2 * w.context
    return step_s


@compiled
def _steps_within(spec: DecodeSpec, w: Any, span_s: float) -> int:
    if span_s <= 0:
        return 0
    growth = spec.d2 * w.running
    middle = _step_s(spec, w) - growth / 2
    return int(2 * span_s / (middle + math.sqrt(middle * middle + 2 * growth * span_s)) + 1e-9)


@compiled
def _run(spec: DecodeSpec, requests: Records, w: Any, steps: int) -> None:
    first = _step_s(spec, w)
    growth = spec.d2 * w.running
    w.inter_token_s += observe_run(TBT_S, w.inter_token, first, growth, steps, w.running)
    if w.late_head != NOBODY:
        _observe_late(requests, w, first)
    duration_s = steps * first + growth * steps * (steps - 1) / 2
    w.clock_s += duration_s
    w.busy_s += duration_s
    w.floor_s += steps * spec.d0
    w.steps += steps
    w.context += steps * w.running
    w.generated += steps * w.running


@compiled
def _observe_late(requests: Records, w: Any, first: float) -> None:
    request = w.late_head
    while request != NOBODY:
        wait_s = w.clock_s - requests[request].first_token_s
        w.inter_token[bucket_of(TBT_S, first)] -= 1
        w.inter_token_s -= first
        w.inter_token[bucket_of(TBT_S, first + wait_s)] += 1
        w.inter_token_s += first + wait_s
        request = requests[request].follower
    w.late_head = NOBODY


@compiled
def _release(requests: Records, w: Any, leaving: IntArray) -> int:
    """Let go of the requests that are complete; how many there were."""
    before = w.running
    while w.running and leaving[0] >> STEP_BITS <= w.steps:
        r = requests[leaving[0] & REQUEST_MASK]
        _pop(leaving, w.running)
        r.finish_s = w.clock_s
        mean_s = (w.clock_s - r.first_token_s) / r.to_write
        w.per_request[bucket_of(TBT_S, mean_s)] += 1
        w.per_request_s += mean_s
        w.context -= r.prompt_tokens + r.to_write
        w.reserved -= r.prompt_tokens + r.to_write
        w.running -= 1
        w.requests -= 1
    left: int = before - w.running
    if left:
        w.left_at_s = w.clock_s
    return left


@compiled
def _admit(spec: DecodeSpec, requests: Records, w: Any, leaving: IntArray) -> None:
    while w.waiting_head != NOBODY:
        request = w.waiting_head
        r = requests[request]
        if w.reserved + r.prompt_tokens + r.to_write > spec.kv_tokens_max:
            return
        w.waiting_head = r.follower
        _push(leaving, w.running, ((w.steps + r.to_write) << STEP_BITS) | request)
        w.reserved += r.prompt_tokens + r.to_write
        w.context += r.prompt_tokens
        w.received += r.prompt_tokens
        w.prompts += 1
        w.running += 1
        if w.clock_s > r.first_token_s:
            r.follower = NOBODY
            if w.late_head == NOBODY:
                w.late_head = request
            else:
                requests[w.late_tail].follower = request
            w.late_tail = request


@compiled
def _foresee(spec: DecodeSpec, w: Any, leaving: IntArray) -> None:
    if not w.running:
        w.next_finish_s = np.inf
        return
    steps = (leaving[0] >> STEP_BITS) - w.steps
    growth = spec.d2 * w.running
    w.next_finish_s = w.clock_s + steps * _step_s(spec, w) + growth * steps * (steps - 1) / 2


@compiled
def _push(heap: IntArray, size: int, key: int) -> None:
    at = size
    while at:
        parent = (at - 1) >> 1
        if heap[parent] <= key:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = key


@compiled
def _pop(heap: IntArray, size: int) -> None:
    """Drop the least of `size` keys."""
    last = heap[size - 1]
    at, child = 0, 1
    while child < size - 1:
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    heap[at] = last
