"""What every simulated world offers to those who look at it and steer it: the interface, and nothing that moves.

Two worlds have it: `world.World`, the reference, simple and exact, and `fast_world.FastWorld`, the same event for
event, compiled. Whoever drives a run codes against `SimulatedWorld` and is given one of them. A step is: `run_until`
the next moment of interest, look (`counters`, `busy_s`), `resize`.

`counters(role)` is what a scrape reads, for all replicas of a role in one call: arrays in the order of birth, copies
that stay as they are when the world moves on. It costs some microseconds, so call it once a scrape.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.world.result import Results

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Routing(StrEnum):
    """To which ready replica a request goes; an assumption of weight: it moves the median TTFT by 15-25 %.

    LEAST_WORK: a prompt to where it would start first, a KV cache to the replica with the fewest requests.
    ROUND_ROBIN: to one after the other, whatever they hold.
    """

    LEAST_WORK = "least_work"
    ROUND_ROBIN = "round_robin"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCounters:
    """One row per replica that exists, in the order of birth; counters since birth, gauges as of the world's `now_s`.

    number: the replica's name, never given twice. ready: serves and takes new work. draining: takes none, finishes what
    it holds (neither: it is starting). tokens: prompt tokens computed (prefill), tokens written (decode).
    cached_tokens: prompt tokens that were not computed here: prefix-cache hits (prefill), received KV caches (decode).
    prompts: read to the end (prefill), admitted to memory (decode). kv_usage_frac: 0 for prefill.
    latency_counts: per bucket, not cumulative, the last one +Inf's: TTFT within TTFT_BOUNDS_S (prefill), mean time
    between the tokens of one request within TBT_BOUNDS_S (decode). latency_s: the sum of what was observed.
    """

    number: IntArray
    ready: BoolArray
    draining: BoolArray
    tokens: IntArray
    cached_tokens: IntArray
    prompts: IntArray
    waiting: IntArray
    running: IntArray
    kv_usage_frac: FloatArray
    latency_counts: IntArray
    latency_s: FloatArray


class SimulatedWorld(Protocol):
    """Time starts at 0; it never runs back. All figures stand as of `now_s`.

    Constructors take the same keywords: requests, prefill, decode (engines), replicas, and optional network, start_up,
    routing, prefix_hit_frac; they raise ValueError for a request that no empty decode replica could hold.
    """

    now_s: float
    results: Results

    @property
    def wanted(self) -> Pair:
        """Replicas that are not on their way out."""
        ...

    @property
    def ready(self) -> Pair: ...

    @property
    def waiting_outside(self) -> Pair:
        """Requests for which no replica of the role is ready."""
        ...

    @property
    def idle(self) -> bool:
        """Whether every request has been written to its end."""
        ...

    def resize(self, role: Role, replicas: int) -> None:
        """Have this many replicas of a role from now on, as far as starting and draining allow."""
        ...

    def run_until(self, until_s: float) -> None:
        """Move time on to `until_s`."""
        ...

    def finish(self, *, step_s: float = 30.0, limit_s: float = 3600.0) -> None:
        """Move on until the last request is written, at most `limit_s`."""
        ...

    def counters(self, role: Role) -> RoleCounters: ...

    def gpu_hours(self) -> float:
        """Billed so far, start-up and drain included."""
        ...

    def busy_s(self, role: Role) -> float:
        """Replica-seconds so far in which a kernel ran: what utilisation is the share of."""
        ...

    def sm_active_s(self, role: Role) -> float:
        """Replica-seconds so far, weighted by the share of the multiprocessors at work; `activity.py` has the model."""
        ...

    def serving_s(self, role: Role) -> float:
        """Replica-seconds so far of replicas that had started, drains included."""
        ...
