"""vLLM's names, V1 engine.

On a decode replica `prompt_tokens_total` counts what was transferred to it, so prompt tokens are read in the prefill
pool only, and of them those computed there. With a proxy in front a decode engine's TTFT leaves out the queue before
prefill; the prefill engine's holds it. TBT is the mean over one request where the version has it.
"""

from __future__ import annotations

from disaggregated_service.core.signals_spec import Engine
from scaler.edge.engines.preset import Place, Preset, Signal, Term, counter, gauge, histogram

PRESET = Preset(
    engine=Engine.VLLM,
    candidates={
        Signal.PREFILL_TPS: (
            counter(Place.PREFILL, Term("vllm:prompt_tokens_by_source_total", (("source", "local_compute"),))),
            # before February 2026
            counter(Place.PREFILL, Term("vllm:prompt_tokens_total"), minus=(Term("vllm:prompt_tokens_cached_total"),)),
        ),
        Signal.DECODE_TPS: (counter(Place.DECODE, Term("vllm:generation_tokens_total")),),
        Signal.PREFILL_WAITING: (gauge(Place.PREFILL, Term("vllm:num_requests_waiting")),),
        Signal.DECODE_WAITING: (gauge(Place.DECODE, Term("vllm:num_requests_waiting")),),
        Signal.PREFILL_RUNNING: (gauge(Place.PREFILL, Term("vllm:num_requests_running")),),
        Signal.DECODE_RUNNING: (gauge(Place.DECODE, Term("vllm:num_requests_running")),),
        Signal.TTFT: (histogram(Place.PREFILL, "vllm:time_to_first_token_seconds"),),
        Signal.TBT: (
            histogram(Place.DECODE, "vllm:request_time_per_output_token_seconds"),
            histogram(Place.DECODE, "vllm:inter_token_latency_seconds"),
            histogram(Place.DECODE, "vllm:time_per_output_token_seconds"),
        ),
    },
)
