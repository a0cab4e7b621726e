"""What one replica can do: two equations per model, GPU and parallelism.

`prefill_s(L) = a + b*L + c*L**2` for one prompt of L tokens, `step_s(B, KV) = d0 + d1*B + d2*KV` for one decode step of
B running requests with KV tokens of context in all. The file must never know of queues, pools or time.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One preset. Coefficients in seconds; `fit_error` and `quantisation` belong to every number drawn from it."""

    name: str
    gpus: int
    prefill_s: tuple[float, float, float]
    step_s: tuple[float, float, float]
    kv_tokens_max: int
    kv_bytes_per_token: float
    quantisation: str
    source: str
    fit_error: str

    def prefill_duration_s(self, prompt_tokens: float) -> float:
        a, b, c = self.prefill_s
        return a + b * prompt_tokens + c * prompt_tokens**2

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


_HBM_USABLE_FRAC = 0.88
_LLAMA_70B_FP8_BYTES = 70.6e9
_LLAMA_70B_KV_BYTES = 160 * 1024

LLAMA_70B_H100_TP4 = Engine(
    name="llama-3.1-70b-h100-tp4",
    gpus=4,
    prefill_s=(8.6e-3, 0.04715e-3, 4.20e-10),
    step_s=(10.89e-3, 0.0382e-3, 1.47e-8),
    kv_tokens_max=int((4 * 80e9 * _HBM_USABLE_FRAC - _LLAMA_70B_FP8_BYTES) / _LLAMA_70B_KV_BYTES),
    kv_bytes_per_token=_LLAMA_70B_KV_BYTES,
    quantisation="FP8 weights and KV cache",
    source="fitted to the silicon database of aiconfigurator 0.12.0 (Apache-2.0), vLLM 0.24.0, prefill batch of 1",
    fit_error="decode steps median 1-2.3 %, at most 10 % (B 1-256, context 1k-8k); prefill at most 4-20 %, "
    "worst below 512 tokens; against measured silicon the pair of equations is 7 % fast in the median",
)
