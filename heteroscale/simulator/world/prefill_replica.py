"""A prefill replica: one prompt at a time, first come, first served.

When a prompt arrives its whole future is known, so nothing has to be simulated step by step: it starts when the one
before it ends. What an observer may see of it (counters, queue) still comes out at its own time, in `advance`.
"""

from __future__ import annotations

from collections import deque

from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.histogram import TTFT_BOUNDS_S, BucketCounts


class PrefillReplica:
    """Counters as vLLM keeps them, valid at the time of the last `advance`."""

    __slots__ = ("_engine", "_jobs", "free_at_s", "prompt_tokens", "prompts", "ttft")

    def __init__(self, engine: Engine, ready_at_s: float) -> None:
        self._engine = engine
        self._jobs: deque[tuple[float, float, int, float]] = deque()  # start, end, prompt tokens, TTFT
        self.free_at_s = ready_at_s
        self.prompt_tokens = 0
        self.prompts = 0
        self.ttft = BucketCounts(TTFT_BOUNDS_S)

    def submit(self, now_s: float, arrival_s: float, prompt_tokens: int, transfer_s: float) -> float:
        """Queue a prompt that arrived at the service at `arrival_s`; returns when its first token is out."""
        start_s = max(now_s, self.free_at_s)
        end_s = start_s + self._engine.prefill_duration_s(prompt_tokens)
        self.free_at_s = end_s
        first_token_s = end_s + transfer_s
        self._jobs.append((start_s, end_s, prompt_tokens, first_token_s - arrival_s))
        return first_token_s

    def advance(self, until_s: float) -> None:
        """Count the prompts that ended by then; as in vLLM, a prompt counts when it is read, not while."""
        jobs = self._jobs
        while jobs and jobs[0][1] <= until_s:
            _, _, prompt_tokens, ttft_s = jobs.popleft()
            self.prompt_tokens += prompt_tokens
            self.prompts += 1
            self.ttft.observe(ttft_s)

    def running(self, now_s: float) -> int:
        return int(bool(self._jobs) and self._jobs[0][0] <= now_s)

    def waiting(self, now_s: float) -> int:
        return len(self._jobs) - self.running(now_s)

    def load(self, now_s: float) -> float:
        """Seconds of work left, by which prompts are routed and scale-in chooses."""
        return max(0.0, self.free_at_s - now_s)

    @property
    def idle(self) -> bool:
        return not self._jobs
