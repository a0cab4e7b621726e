"""`PrefillReplica`, compiled, on records; and the heaps by time that requests move through.

The reasoning is in `prefill_replica.py`; here is only its execution. What an observer may see of a prompt is counted
when its end comes out of the heap `ends`, at its own time.
"""

from __future__ import annotations

from heteroscale.simulator.trace import FloatArray
from heteroscale.simulator.world.compiled import compiled
from heteroscale.simulator.world.fast_histogram import TTFT_S, bucket_of
from heteroscale.simulator.world.fast_state import Flow, Readers, Records


@compiled
def submit_prefill(flow: Flow, readers: Readers, slot: int, request: int, now_s: float) -> None:
    """Queue a prompt on the rank where it starts first."""
    r, tally, reader = flow.requests[request], flow.tally[0], readers.records[slot]
    free_at_s = readers.free_at_s[slot]
    rank = first_free(free_at_s)
    end_s = max(now_s, free_at_s[rank]) + r.read_s
    free_at_s[rank] = end_s
    reader.read_s += r.read_s
    reader.held += 1
    r.slot = slot
    heap_push(flow.ends, tally.reading, end_s, request)
    tally.reading += 1
    heap_push(flow.lands, tally.travelling, end_s + r.transfer_s, request)
    tally.travelling += 1


@compiled
def first_free(free_at_s: FloatArray) -> int:
    """The rank that is free first, the lowest of equals."""
    rank = 0
    for other in range(1, len(free_at_s)):
        if free_at_s[other] < free_at_s[rank]:
            rank = other
    return rank


@compiled
def count_ended(flow: Flow, readers: Readers, until_s: float) -> None:
    """Count the prompts that have been read by then, on all replicas."""
    tally = flow.tally[0]
    while tally.reading and flow.ends[0].at_s <= until_s:
        end_s = flow.ends[0].at_s
        r = flow.requests[flow.ends[0].request]
        heap_pop(flow.ends, tally.reading)
        tally.reading -= 1
        reader = readers.records[r.slot]
        ttft_s = end_s + r.transfer_s - r.arrival_s
        reader.held -= 1
        reader.prompt_tokens += r.prompt_tokens - r.cached_tokens
        reader.cached_tokens += r.cached_tokens
        reader.prompts += 1
        reader.ttft[bucket_of(TTFT_S, ttft_s)] += 1
        reader.ttft_s += ttft_s


@compiled
def heap_push(heap: Records, size: int, at_s: float, request: int) -> None:
    """Into a heap of `size` moments, ordered by time, then by request."""
    at = size
    while at:
        parent = (at - 1) >> 1
        above = heap[parent]
        if above.at_s < at_s or (above.at_s == at_s and above.request < request):
            break
        _put(heap, at, above.at_s, above.request)
        at = parent
    _put(heap, at, at_s, request)


@compiled
def heap_pop(heap: Records, size: int) -> None:
    """Drop the first of `size` moments."""
    last_s, last = heap[size - 1].at_s, heap[size - 1].request
    at, child = 0, 1
    while child < size - 1:
        if child + 1 < size - 1 and _before(heap, child + 1, heap[child].at_s, heap[child].request):
            child += 1
        if not _before(heap, child, last_s, last):
            break
        _put(heap, at, heap[child].at_s, heap[child].request)
        at, child = child, 2 * child + 1
    _put(heap, at, last_s, last)


@compiled
def _before(heap: Records, at: int, at_s: float, request: int) -> bool:
    """Whether an entry comes before a moment."""
    entry = heap[at]
    return bool(entry.at_s < at_s or (entry.at_s == at_s and entry.request < request))


@compiled
def _put(heap: Records, at: int, at_s: float, request: int) -> None:
    heap[at].at_s = at_s
    heap[at].request = request
