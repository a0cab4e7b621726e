"""A decode replica: continuous batching, exact, without walking through its steps.

Every running request gains one token a step, so a request that joins at step s with n tokens to write leaves at
step s + n, whatever happens in between. Between two such events B is constant and KV grows by B a step: the
k-th step lasts `first + k*growth`, and the time of any number of steps is an arithmetic series. So the work is
per request, not per token, and nothing is approximated: a request joins at the first step boundary after it
arrives, as in an engine.

A request is admitted when its whole context, prompt and answer, fits into what is left of the KV memory (no
preemption); until then it waits, first come, first served. The replica's own clock stands at a step boundary
and may be ahead of the world's by part of one step, so its counters lead by at most that.
"""

from __future__ import annotations

import math
from collections import deque
from heapq import heappop, heappush

from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, BucketCounts

Job = tuple[int, float, int, int]  # request, first token at, prompt tokens, tokens left to write


class DecodeReplica:
    """Counters as vLLM keeps them, valid at the time of the last `advance`."""

    __slots__ = (
        "_clock_s", "_d0", "_d1", "_d2", "_finish_s", "_late_s", "_leaving", "_reserved", "_steps", "_waiting",
        "busy_s", "context_tokens", "floor_s", "generated_tokens", "inter_token", "kv_tokens_max", "left_at_s",
        "next_finish_s", "per_request", "prompts", "received_tokens", "requests", "running",
    )  # fmt: skip

    def __init__(self, engine: Engine, ready_at_s: float, finish_s: list[float]) -> None:
        """`finish_s` is where the end of each request is written, by its number."""
        self._d0, self._d1, self._d2 = engine.step_s
        self.kv_tokens_max = engine.kv_tokens_max
        self._clock_s = ready_at_s
        self._finish_s = finish_s
        self._steps = 0
        self._reserved = 0
        self._leaving: list[tuple[int, Job]] = []  # heap by the step after which a request is complete
        self._waiting: deque[Job] = deque()
        self.busy_s = 0.0
        self.floor_s = 0.0  # the part of busy_s that is d0, whatever the batch
        self._late_s: list[float] = []  # waits for memory, part of the first gap of those who just joined
        self.running = 0
        self.requests = 0  # running and waiting
        self.context_tokens = 0
        self.generated_tokens = 0
        self.received_tokens = 0
        self.prompts = 0
        self.inter_token = BucketCounts(TBT_BOUNDS_S)
        self.per_request = BucketCounts(TBT_BOUNDS_S)
        self.next_finish_s = math.inf
        self.left_at_s = ready_at_s  # when the last request to leave so far left

    def submit(self, now_s: float, request: int, first_token_s: float, prompt_tokens: int, to_write: int) -> None:
        """Take a request whose KV cache has arrived; `to_write` >= 1 tokens remain.

        Raises ValueError for a context that no empty replica could hold.
        """
        if prompt_tokens + to_write > self.kv_tokens_max:
            raise ValueError(f"request {request}: {prompt_tokens} + {to_write} tokens never fit into the KV memory")
        self.advance(now_s)
        if self.running and self._clock_s < now_s:
            self._run(1)
            self._release()
        self.requests += 1
        self._waiting.append((request, first_token_s, prompt_tokens, to_write))
        self._admit()
        self._foresee()

    def advance(self, until_s: float) -> None:
        """Run every step that ends by then."""
        while self.running:
            steps = min(self._steps_within(until_s - self._clock_s), self._leaving[0][0] - self._steps)
            if steps <= 0:
                return
            self._run(steps)
            if self._release():
                self._admit()
                self._foresee()
        self._clock_s = max(self._clock_s, until_s)

    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def kv_usage_frac(self) -> float:
        return self.context_tokens / self.kv_tokens_max

    @property
    def idle(self) -> bool:
        return not self.requests

    def _step_s(self) -> float:
        return self._d0 + self._d1 * self.running + self._d2 * self.context_tokens

    def _steps_within(self, span_s: float) -> int:
        """The largest n with n*first + growth*n*(n-1)/2 <= span, by the root that does not cancel."""
        if span_s <= 0:
            return 0
        growth = self._d2 * self.running
        middle = self._step_s() - growth / 2
        return int(2 * span_s / (middle + math.sqrt(middle * middle + 2 * growth * span_s)) + 1e-9)

    def _run(self, steps: int) -> None:
        first = self._step_s()
        growth = self._d2 * self.running
        tokens = steps * self.running
        self.inter_token.observe_run(first, growth, steps, self.running)
        for wait_s in self._late_s:
            self.inter_token.observe(first, -1)
            self.inter_token.observe(first + wait_s)
        self._late_s.clear()
        duration_s = steps * first + growth * steps * (steps - 1) / 2
        self._clock_s += duration_s
        self.busy_s += duration_s
        self.floor_s += steps * self._d0
        self._steps += steps
        self.context_tokens += tokens
        self.generated_tokens += tokens

    def _release(self) -> bool:
        """Let go of the requests that are complete; whether there were any."""
        leaving = self._leaving
        before = self.running
        while leaving and leaving[0][0] <= self._steps:
            request, first_token_s, prompt_tokens, to_write = heappop(leaving)[1]
            self._finish_s[request] = self._clock_s
            self.per_request.observe((self._clock_s - first_token_s) / to_write)
            self.context_tokens -= prompt_tokens + to_write
            self._reserved -= prompt_tokens + to_write
            self.running -= 1
            self.requests -= 1
        if self.running == before:
            return False
        self.left_at_s = self._clock_s
        return True

    def _admit(self) -> None:
        waiting = self._waiting
        while waiting and self._reserved + waiting[0][2] + waiting[0][3] <= self.kv_tokens_max:
            job = waiting.popleft()
            _, first_token_s, prompt_tokens, to_write = job
            heappush(self._leaving, (self._steps + to_write, job))
            self._reserved += prompt_tokens + to_write
            self.context_tokens += prompt_tokens
            self.received_tokens += prompt_tokens
            self.prompts += 1
            self.running += 1
            if self._clock_s > first_token_s:
                self._late_s.append(self._clock_s - first_token_s)

    def _foresee(self) -> None:
        """When the next request leaves if nobody joins before."""
        if not self.running:
            self.next_finish_s = math.inf
            return
        steps = self._leaving[0][0] - self._steps
        growth = self._d2 * self.running
        self.next_finish_s = self._clock_s + steps * self._step_s() + growth * steps * (steps - 1) / 2
