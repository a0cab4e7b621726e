"""SGLang's names (`--enable-metrics`).

`prompt_tokens_total`, `cached_tokens_total` and `generation_tokens_total` move at the end of a request and are lumpy:
they are the fallback for versions before December 2025. A role's queue is its scheduler's and its transfer queues.
Some exporters rewrite the colon to an underscore.
"""

from __future__ import annotations

from collections.abc import Callable

from disaggregated_service.core.signals_spec import Engine
from scaler.edge.engines.preset import Candidate, Place, Preset, Signal, Term, counter, gauge, histogram

PREFILL_COMPUTE = (("engine_type", "prefill"), ("mode", "prefill_compute"))
DECODE = (("engine_type", "decode"), ("mode", "decode"))


def _spelled(candidates: Callable[[str], tuple[Candidate, ...]]) -> tuple[Candidate, ...]:
    """The candidates under both spellings, the engine's own first."""
    return candidates("sglang:") + candidates("sglang_")


PRESET = Preset(
    engine=Engine.SGLANG,
    candidates={
        Signal.PREFILL_TPS: _spelled(
            lambda sglang: (
                counter(Place.PREFILL, Term(f"{sglang}realtime_tokens_total", PREFILL_COMPUTE)),
                counter(
                    Place.PREFILL,
                    Term(f"{sglang}prompt_tokens_total"),
                    minus=(Term(f"{sglang}cached_tokens_total"),),
                ),
            )
        ),
        Signal.DECODE_TPS: _spelled(
            lambda sglang: (
                counter(Place.DECODE, Term(f"{sglang}realtime_tokens_total", DECODE)),
                counter(Place.DECODE, Term(f"{sglang}generation_tokens_total")),
            )
        ),
        Signal.PREFILL_WAITING: _spelled(
            lambda sglang: (
                gauge(
                    Place.PREFILL,
                    Term(f"{sglang}num_queue_reqs"),
                    Term(f"{sglang}num_prefill_prealloc_queue_reqs"),
                ),
                gauge(Place.PREFILL, Term(f"{sglang}num_queue_reqs")),
            )
        ),
        Signal.DECODE_WAITING: _spelled(
            lambda sglang: (
                gauge(
                    Place.DECODE,
                    Term(f"{sglang}num_queue_reqs"),
                    Term(f"{sglang}num_decode_prealloc_queue_reqs"),
                    Term(f"{sglang}num_decode_transfer_queue_reqs"),
                ),
                gauge(Place.DECODE, Term(f"{sglang}num_queue_reqs")),
            )
        ),
        Signal.PREFILL_RUNNING: _spelled(lambda sglang: (gauge(Place.PREFILL, Term(f"{sglang}num_running_reqs")),)),
        Signal.DECODE_RUNNING: _spelled(lambda sglang: (gauge(Place.DECODE, Term(f"{sglang}num_running_reqs")),)),
        Signal.TTFT: _spelled(lambda sglang: (histogram(Place.PREFILL, f"{sglang}time_to_first_token_seconds"),)),
        Signal.TBT: _spelled(lambda sglang: (histogram(Place.DECODE, f"{sglang}inter_token_latency_seconds"),)),
    },
)
