"""TensorRT-LLM's names (`trtllm-serve`, with `return_perf_metrics` and `enable_iter_perf_stats`).

There is no counter of computed prompt tokens, only of all and of cached ones, and no fallback: all prompt tokens
would count what the cache served. Its time per output token is the mean over one request already.
"""

from __future__ import annotations

from disaggregated_service.core.signals_spec import Engine
from scaler.edge.engines.preset import Place, Preset, Signal, Term, counter, gauge, histogram

PRESET = Preset(
    engine=Engine.TRTLLM,
    candidates={
        Signal.PREFILL_TPS: (
            counter(
                Place.PREFILL,
                Term("trtllm_prompt_tokens_total"),
                minus=(Term("trtllm_prompt_cached_tokens_total"),),
            ),
        ),
        Signal.DECODE_TPS: (counter(Place.DECODE, Term("trtllm_generation_tokens_total")),),
        Signal.PREFILL_WAITING: (gauge(Place.PREFILL, Term("trtllm_num_requests_waiting")),),
        Signal.DECODE_WAITING: (gauge(Place.DECODE, Term("trtllm_num_requests_waiting")),),
        Signal.PREFILL_RUNNING: (gauge(Place.PREFILL, Term("trtllm_num_requests_running")),),
        Signal.DECODE_RUNNING: (gauge(Place.DECODE, Term("trtllm_num_requests_running")),),
        Signal.TTFT: (histogram(Place.PREFILL, "trtllm_time_to_first_token_seconds"),),
        Signal.TBT: (histogram(Place.DECODE, "trtllm_time_per_output_token_seconds"),),
    },
)
