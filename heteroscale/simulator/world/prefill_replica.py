"""A prefill replica: each of its ranks reads one prompt at a time, first come, first served.

When a prompt arrives its whole future is known, so nothing has to be simulated step by step: it starts when the first
rank is free. What an observer may see of it (counters, queue) still comes out at its own time, in `advance`.
"""

from __future__ import annotations

from heapq import heappop, heappush

from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.histogram import TTFT_BOUNDS_S, BucketCounts


class PrefillReplica:
    """Counters as vLLM keeps them, valid at the time of the last `advance`."""

    __slots__ = (
        "_engine", "_jobs", "_ranks_s", "_read_s", "_submitted",
        "cached_tokens", "free_at_s", "prompt_tokens", "prompts", "ttft",
    )  # fmt: skip

    def __init__(self, engine: Engine, ready_at_s: float) -> None:
        self._engine = engine
        self._ranks_s = [ready_at_s] * engine.prefill_ranks
        self._jobs: list[tuple[float, int, int, int, float]] = []  # heap: end, order, computed, cached, TTFT
        self._submitted = 0
        self._read_s = 0.0
        self.free_at_s = ready_at_s  # when the next prompt could start
        self.prompt_tokens = 0  # computed ones only
        self.cached_tokens = 0
        self.prompts = 0
        self.ttft = BucketCounts(TTFT_BOUNDS_S)

    def submit(
        self, now_s: float, arrival_s: float, prompt_tokens: int, transfer_s: float, cached_tokens: int = 0
    ) -> float:
        """Queue a prompt that arrived at the service at `arrival_s`; returns when its first token is out."""
        read_s = self._engine.prefill_duration_s(prompt_tokens, cached_tokens)
        rank = self._ranks_s.index(self.free_at_s)
        end_s = max(now_s, self.free_at_s) + read_s
        self._ranks_s[rank] = end_s
        self.free_at_s = min(self._ranks_s)
        self._read_s += read_s
        first_token_s = end_s + transfer_s
        job = (end_s, self._submitted, prompt_tokens - cached_tokens, cached_tokens, first_token_s - arrival_s)
        heappush(self._jobs, job)
        self._submitted += 1
        return first_token_s

    def advance(self, until_s: float) -> None:
        """Count the prompts that ended by then; as in vLLM, a prompt counts when it is read, not while."""
        jobs = self._jobs
        while jobs and jobs[0][0] <= until_s:
            _, _, computed_tokens, cached_tokens, ttft_s = heappop(jobs)
            self.prompt_tokens += computed_tokens
            self.cached_tokens += cached_tokens
            self.prompts += 1
            self.ttft.observe(ttft_s)

    def running(self, now_s: float) -> int:
        return min(len(self._jobs), sum(free_at_s > now_s for free_at_s in self._ranks_s))

    def waiting(self, now_s: float) -> int:
        return len(self._jobs) - self.running(now_s)

    def load(self, now_s: float) -> float:
        """Seconds of work left, of all ranks together, by which scale-in chooses."""
        return sum(max(0.0, free_at_s - now_s) for free_at_s in self._ranks_s)

    def busy_s(self, now_s: float) -> float:
        """Seconds so far in which a prompt was read, the mean over the ranks."""
        if not self._submitted:
            return 0.0  # one that starts has ranks that are free only later
        return (self._read_s - self.load(now_s)) / len(self._ranks_s)

    def ended_s(self) -> float:
        """When the last prompt so far is read."""
        return max(self._ranks_s)

    @property
    def idle(self) -> bool:
        return not self._jobs
