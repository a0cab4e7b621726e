"""Dynamo: tokens and latencies from its frontend, whatever engine works behind it.

The workers publish their engine's own metrics too. Computed prompt tokens are read there first: the frontend books
a prompt when its request ends, long after the prefill pool did the work.
"""

from __future__ import annotations

from disaggregated_service.core.signals_spec import Engine
from scaler.edge.engines import sglang, trtllm, vllm
from scaler.edge.engines.preset import Candidate, Place, Preset, Signal, Term, counter, gauge, histogram


def _workers(signal: Signal) -> tuple[Candidate, ...]:
    return tuple(candidate for engine in (vllm, sglang, trtllm) for candidate in engine.PRESET.candidates[signal])


PRESET = Preset(
    engine=Engine.DYNAMO,
    candidates={
        Signal.PREFILL_TPS: (
            *_workers(Signal.PREFILL_TPS),
            counter(
                Place.FRONTEND,
                Term("dynamo_frontend_input_sequence_tokens_sum"),
                minus=(Term("dynamo_frontend_cached_tokens_sum"),),
            ),
        ),
        Signal.DECODE_TPS: (
            counter(Place.FRONTEND, Term("dynamo_frontend_output_tokens_total")),
            counter(Place.FRONTEND, Term("dynamo_frontend_output_sequence_tokens_sum")),
        ),
        # The frontend's queue stands before both pools; it is counted once, where a request waits for its first token.
        Signal.PREFILL_WAITING: (gauge(Place.FRONTEND, Term("dynamo_frontend_queued_requests")),),
        Signal.DECODE_WAITING: _workers(Signal.DECODE_WAITING),
        Signal.PREFILL_RUNNING: _workers(Signal.PREFILL_RUNNING),
        Signal.DECODE_RUNNING: (
            *_workers(Signal.DECODE_RUNNING),
            gauge(Place.FRONTEND, Term("dynamo_frontend_active_requests")),
            gauge(Place.FRONTEND, Term("dynamo_frontend_inflight_requests")),
        ),
        Signal.TTFT: (histogram(Place.FRONTEND, "dynamo_frontend_time_to_first_token_seconds"),),
        Signal.TBT: (histogram(Place.FRONTEND, "dynamo_frontend_inter_token_latency_seconds"),),
    },
)
