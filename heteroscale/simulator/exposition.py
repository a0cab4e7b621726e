"""A replica's counters in Prometheus's text format, under the names and bucket bounds of vLLM.

A decode replica counts the prompts whose KV cache it received as prompt tokens too, by the source of an
external transfer, as vLLM does: a reader that takes `prompt_tokens_total` for computed prompts is wrong here as
it is there. Histograms that a role does not observe stand at zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from heteroscale.simulator.world.decode_replica import DecodeReplica
from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, TTFT_BOUNDS_S, BucketCounts
from heteroscale.simulator.world.prefill_replica import PrefillReplica

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MODEL = "llama-3.1-70b"

_LABELS = f'engine="0",model_name="{MODEL}"'
_TTFT = "vllm:time_to_first_token_seconds"
_ITL = "vllm:inter_token_latency_seconds"
_TPOT = "vllm:request_time_per_output_token_seconds"
_NO_TTFT = BucketCounts(TTFT_BOUNDS_S)
_NO_TBT = BucketCounts(TBT_BOUNDS_S)


def prefill_text(replica: PrefillReplica, now_s: float) -> str:
    """What a prefill replica shows; it writes each answer's first token itself."""
    read = replica.prompt_tokens
    return "\n".join(
        (
            *_number("gauge", "vllm:num_requests_running", replica.running(now_s)),
            *_number("gauge", "vllm:num_requests_waiting", replica.waiting(now_s)),
            *_number("gauge", "vllm:kv_cache_usage_perc", 0),
            *_number("counter", "vllm:prompt_tokens_total", read),
            *_by_source(computed=read, transferred=0),
            *_number("counter", "vllm:generation_tokens_total", replica.prompts),
            *_histogram(_TTFT, replica.ttft),
            *_histogram(_ITL, _NO_TBT),
            *_histogram(_TPOT, _NO_TBT),
            "",
        )
    )


def decode_text(replica: DecodeReplica) -> str:
    """What a decode replica shows."""
    received = replica.received_tokens
    return "\n".join(
        (
            *_number("gauge", "vllm:num_requests_running", replica.running),
            *_number("gauge", "vllm:num_requests_waiting", replica.waiting()),
            *_number("gauge", "vllm:kv_cache_usage_perc", replica.kv_usage_frac),
            *_number("counter", "vllm:prompt_tokens_total", received),
            *_by_source(computed=0, transferred=received),
            *_number("counter", "vllm:generation_tokens_total", replica.generated_tokens),
            *_histogram(_TTFT, _NO_TTFT),
            *_histogram(_ITL, replica.inter_token),
            *_histogram(_TPOT, replica.per_request),
            "",
        )
    )


def _number(kind: str, name: str, value: float) -> tuple[str, str]:
    return f"# TYPE {name} {kind}", f"{name}{{{_LABELS}}} {float(value)!r}"


def _by_source(*, computed: int, transferred: int) -> tuple[str, ...]:
    name = "vllm:prompt_tokens_by_source_total"
    return (
        f"# TYPE {name} counter",
        f'{name}{{{_LABELS},source="local_compute"}} {float(computed)!r}',
        f'{name}{{{_LABELS},source="local_cache_hit"}} 0.0',
        f'{name}{{{_LABELS},source="external_kv_transfer"}} {float(transferred)!r}',
    )


def _histogram(name: str, histogram: BucketCounts) -> Iterable[str]:
    cumulative = list(accumulate(histogram.counts))
    yield f"# TYPE {name} histogram"
    for bound, count in zip(histogram.bounds, cumulative, strict=False):
        yield f'{name}_bucket{{{_LABELS},le="{bound!r}"}} {count}.0'
    yield f'{name}_bucket{{{_LABELS},le="+Inf"}} {cumulative[-1]}.0'
    yield f"{name}_count{{{_LABELS}}} {cumulative[-1]}.0"
    yield f"{name}_sum{{{_LABELS}}} {histogram.total!r}"
