"""What one replica can do: two equations per model, GPU and parallelism. The presets are in `engines/`.

`prefill_s(L) = a + b*L + c*L**2` for one prompt of L tokens, `step_s(B, KV) = d0 + d1*B + d2*KV` for one decode step of
B running requests with KV tokens of context in all. The file must never know of queues, pools or time.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One preset. Coefficients in seconds; `fit_error` and `quantisation` belong to every number drawn from it.

    prefill_ranks: prompts that one replica reads at the same time, each at the pace of `prefill_s`: the ranks of an
    engine with data-parallel attention, 1 elsewhere. B and KV of `step_s` and `kv_tokens_max` are of the whole replica.
    prefills, decodes: whether the numbers of the role are known; those of the other one must not be used.
    """

    name: str
    gpus: int
    prefill_s: tuple[float, float, float]
    step_s: tuple[float, float, float]
    kv_tokens_max: int
    kv_bytes_per_token: float
    quantisation: str
    source: str
    fit_error: str
    prefill_ranks: int = 1
    model: str = ""
    prefills: bool = True
    decodes: bool = True

    def prefill_duration_s(self, prompt_tokens: float, cached_tokens: float = 0) -> float:
        """One prompt on one rank. Cached tokens at its front are not computed again, but the others attend to them."""
        a, b, c = self.prefill_s
        return a + b * (prompt_tokens - cached_tokens) + c * (prompt_tokens**2 - cached_tokens**2)

    def step_duration_s(self, running: float, kv_tokens: float) -> float:
        d0, d1, d2 = self.step_s
        return d0 + d1 * running + d2 * kv_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a prompt's KV cache travels: a set-up time, then the bytes at the effective rate.

    The defaults are 400G InfiniBand as llm-d's simulator documents it. At 8,000 tokens of 160 KiB that is 34 ms
    beside 413 ms of prefill, so links are never a queue here.
    """

    setup_s: float = 0.001
    bytes_per_s: float = 40e9

    def transfer_s(self, kv_bytes: float) -> float:
        return self.setup_s + kv_bytes / self.bytes_per_s
