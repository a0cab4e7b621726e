"""What fits into memory: GPUs and models, as far as a preset needs them.

KV tokens of a replica = (GPUs x HBM x 0.88 - weights) / KV bytes of a token. Weights are counted once for the whole
replica; with data-parallel attention some more are repeated on every rank, which is not subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass

HBM_USABLE_FRAC = 0.88  # what engines leave after activations, graphs and fragmentation
HBM_BYTES = {"h100": 80e9, "h200": 141e9, "h20": 96e9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """FP8 weights, and the KV cache of one token over all layers."""

    name: str
    weight_bytes: float
    kv_bytes_per_token: float


LLAMA_70B = Model(name="llama-3.1-70b", weight_bytes=70.6e9, kv_bytes_per_token=160 * 1024)
QWEN_32B = Model(name="qwen3-32b", weight_bytes=32.8e9, kv_bytes_per_token=128 * 1024)
DEEPSEEK_R1 = Model(name="deepseek-r1", weight_bytes=671e9, kv_bytes_per_token=70e3)  # MLA: one latent for all heads

MODELS = {model.name: model for model in (LLAMA_70B, QWEN_32B, DEEPSEEK_R1)}


def kv_tokens_max(model: Model, gpu: str, gpus: int) -> int:
    """Tokens of context that a replica has memory for; not positive where the weights alone do not fit."""
    return int((gpus * HBM_BYTES[gpu] * HBM_USABLE_FRAC - model.weight_bytes) / model.kv_bytes_per_token)
