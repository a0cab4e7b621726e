"""llm-d: tokens and latencies from its endpoint picker (EPP), queues from the model servers.

The picker writes the same numbers under its own prefix and under deprecated ones: one name is chosen, never a sum.
It books tokens when a request ends, which is lumpy for short windows.
"""

from __future__ import annotations

from disaggregated_service.core.signals_spec import Engine
from scaler.edge.engines import sglang, vllm
from scaler.edge.engines.preset import Candidate, Place, Preset, Signal, Term, counter, gauge, histogram

REQUEST_PREFIXES = (
    "llm_d_epp_request_",
    "llm_d_router_epp_request_",
    "llm_d_inference_scheduler_request_",
    "inference_objective_request_",
    "inference_model_request_",
)


def _servers(signal: Signal) -> tuple[Candidate, ...]:
    return tuple(candidate for engine in (vllm, sglang) for candidate in engine.PRESET.candidates[signal])


def _latency(*names: str) -> tuple[Candidate, ...]:
    return tuple(histogram(Place.FRONTEND, f"{prefix}{name}") for name in names for prefix in REQUEST_PREFIXES)


PRESET = Preset(
    engine=Engine.LLM_D,
    candidates={
        Signal.PREFILL_TPS: (
            *(
                counter(
                    Place.FRONTEND,
                    Term(f"{prefix}input_tokens_sum"),
                    minus=(Term(f"{prefix}cached_tokens_sum"),),
                )
                for prefix in REQUEST_PREFIXES
            ),
            *_servers(Signal.PREFILL_TPS),
        ),
        Signal.DECODE_TPS: (
            *(counter(Place.FRONTEND, Term(f"{prefix}output_tokens_sum")) for prefix in REQUEST_PREFIXES),
            *_servers(Signal.DECODE_TPS),
        ),
        # The picker's own queue size is that of all endpoints of both roles; it stands in only where servers are mute.
        Signal.PREFILL_WAITING: (
            *_servers(Signal.PREFILL_WAITING),
            gauge(Place.FRONTEND, Term("llm_d_epp_per_endpoint_queue_size")),
            gauge(Place.FRONTEND, Term("inference_pool_per_pod_queue_size")),
        ),
        Signal.DECODE_WAITING: _servers(Signal.DECODE_WAITING),
        Signal.PREFILL_RUNNING: _servers(Signal.PREFILL_RUNNING),
        Signal.DECODE_RUNNING: (
            *_servers(Signal.DECODE_RUNNING),
            *(gauge(Place.FRONTEND, Term(f"{prefix}running")) for prefix in REQUEST_PREFIXES),
        ),
        Signal.TTFT: _latency("ttft_seconds"),
        Signal.TBT: _latency("streaming_tpot_seconds", "streaming_itl_seconds", "ntpot_seconds"),
    },
)
