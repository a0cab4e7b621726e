"""The engines that come with the program: two equations each, from where, how good.

Fitted to the silicon database of aiconfigurator 0.12.0 (Apache-2.0) at a prefill batch of one prompt per rank, without
prefix cache and without speculative decoding: `prefill_ms = a + b*L + c*L^2` for L prompt tokens on one rank,
`step_ms = d0 + d1*B + d2*KV` for B running requests with KV tokens of context on the whole replica. FP8 weights and KV
cache everywhere; the row of quantisation matters (a step of Qwen3-32B at B = 1 and 8k takes 12.8 ms with per-tensor
FP8 and 20.9 ms with block FP8), so it is said with every preset. Coefficients below are in milliseconds.
"""

from __future__ import annotations

from heteroscale.simulator.engines.hardware import DEEPSEEK_R1, LLAMA_70B, QWEN_32B, Model, kv_tokens_max
from heteroscale.simulator.world.engine import Engine

Coefficients = tuple[float, float, float]

DENSE_ERROR = (
    "decode steps median 1-2.3 %, at most 10 % (B 1-256, context 1k-8k); prefill at most 20 %, worst below 512 tokens; "
    "against measured silicon (aggregated serving) bias -7 % on H100, -2 % on H200, median 4-6 %, at most 21 %"
)
MOE_ERROR = "decode steps median 2-5 %, at most 17 % (context 1k-8k); prefill at most 20 %, worst below 512 tokens"
DP32_ERROR = "decode steps median 2 %, at most 9 % (context 1k-8k); prefill within 40 %, worst below 512 tokens"
SCALED = "scaled, not measured: "


def _engine(
    model: Model,
    gpu: str,
    layout: str,
    gpus: int,
    prefill_ms: Coefficients,
    step_ms: Coefficients,
    *,
    database: str,
    fit_error: str,
    ranks: int = 1,
    prefills: bool = True,
    decodes: bool = True,
) -> Engine:
    a, b, c = (ms / 1e3 for ms in prefill_ms)
    d0, d1, d2 = (ms / 1e3 for ms in step_ms)
    return Engine(
        name=f"{model.name}-{gpu}-{layout}",
        model=model.name,
        gpus=gpus,
        prefill_s=(a, b, c),
        step_s=(d0, d1, d2),
        kv_tokens_max=kv_tokens_max(model, gpu, gpus),
        kv_bytes_per_token=model.kv_bytes_per_token,
        quantisation="FP8 weights and KV cache",
        source=f"fitted to the silicon database of aiconfigurator 0.12.0 (Apache-2.0), {database}, one prompt per rank",
        fit_error=fit_error,
        prefill_ranks=ranks,
        prefills=prefills,
        decodes=decodes,
    )


def _dense(model: Model, gpu: str, tp: int, prefill_ms: Coefficients, step_ms: Coefficients) -> Engine:
    return _engine(model, gpu, f"tp{tp}", tp, prefill_ms, step_ms, database="vLLM 0.24.0", fit_error=DENSE_ERROR)


def _r1(gpu: str, ranks: int, prefill_ms: Coefficients, step_ms: Coefficients, fit_error: str = MOE_ERROR) -> Engine:
    """Data-parallel attention and expert parallelism over as many GPUs: every rank reads its own prompts."""
    return _engine(
        DEEPSEEK_R1,
        gpu,
        f"dp{ranks}ep{ranks}",
        ranks,
        prefill_ms,
        step_ms,
        ranks=ranks,
        database="SGLang 0.5.14",
        fit_error=fit_error,
    )


LLAMA_70B_H100_TP4 = _dense(LLAMA_70B, "h100", 4, (8.6, 0.04715, 4.20e-7), (10.89, 0.0382, 1.47e-5))

R1_H200_TP8_PREFILL = _engine(
    DEEPSEEK_R1,
    "h200",
    "tp8",
    8,
    (29.9, 0.03583, 1.67e-6),
    (11.92, 0.1364, 1.263e-4),
    decodes=False,  # 50 tokens/s per GPU at 20 ms and 4k, and no formula within 22 % of its steps
    database="SGLang 0.5.14",
    fit_error="prefill at most 20 %; its decode steps follow no such formula, so it serves as prefill only",
)

_H20_SOURCE = (
    f"{SCALED}one factor on the R1 equations so that they give what SGLang and Ant report for H20-96G at 4,096 prompt "
    "tokens (LMSYS blog, 2025-09-26): 16.5k prompt tokens/s and 5.7k written ones per node of eight"
)


def _scaled(name: str, like: Engine, factor: float, *, prefills: bool, fit_error: str) -> Engine:
    return Engine(
        name=name,
        model=like.model,
        gpus=like.gpus,
        prefill_s=_times(factor, like.prefill_s),
        step_s=_times(factor, like.step_s),
        kv_tokens_max=kv_tokens_max(DEEPSEEK_R1, "h20", like.gpus),
        kv_bytes_per_token=like.kv_bytes_per_token,
        quantisation=like.quantisation,
        source=_H20_SOURCE,
        fit_error=fit_error,
        prefill_ranks=like.prefill_ranks,
        prefills=prefills,
        decodes=not prefills,
    )


def _times(factor: float, coefficients: Coefficients) -> Coefficients:
    first, second, third = coefficients
    return factor * first, factor * second, factor * third


_R1_H200_DP16 = _r1("h200", 16, (67.4, 0.14537, 4.03e-6), (23.87, 0.0095, 2.07e-6))

PRESETS = (
    _dense(LLAMA_70B, "h100", 2, (13.5, 0.06947, 1.07e-6), (17.17, 0.0372, 2.90e-5)),
    LLAMA_70B_H100_TP4,
    _dense(LLAMA_70B, "h100", 8, (12.8, 0.03095, 2.55e-7), (8.19, 0.0311, 7.78e-6)),
    _dense(LLAMA_70B, "h200", 4, (5.6, 0.04460, 4.43e-7), (9.44, 0.0370, 1.32e-5)),
    _dense(QWEN_32B, "h100", 1, (15.2, 0.05342, 2.18e-6), (15.25, 0.0419, 4.65e-5)),
    _dense(QWEN_32B, "h200", 1, (6.8, 0.05181, 1.72e-6), (12.11, 0.0418, 4.25e-5)),
    R1_H200_TP8_PREFILL,
    _R1_H200_DP16,
    _r1("h200", 32, (7.8, 0.24515, 4.15e-6), (18.94, 0.0074, 1.03e-6), DP32_ERROR),
    _r1("h100", 16, (69.9, 0.15833, 3.76e-6), (26.88, 0.0112, 1.82e-6)),
    _r1("h100", 32, (60.4, 0.24283, 3.55e-6), (21.92, 0.0075, 9.03e-7)),
    _scaled(
        "deepseek-r1-h20-tp8",
        R1_H200_TP8_PREFILL,
        1.213,
        prefills=True,
        fit_error=f"{SCALED}unknown; prefill only",
    ),
    _scaled(
        "deepseek-r1-h20-dp16ep16",
        _R1_H200_DP16,
        1.2475,  # 712 tokens/s per GPU if its time between tokens was 40 ms, which the report does not say
        prefills=False,
        fit_error=f"{SCALED}unknown; decode only, with 40 ms between tokens assumed at the reported rate",
    ),
)
