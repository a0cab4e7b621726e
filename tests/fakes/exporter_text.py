"""Exposition text as engines write it: a vLLM replica that has done a given amount of work, and a Dynamo frontend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TTFT_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
TBT_BOUNDS_S = (0.01, 0.025, 0.05, 0.075, 0.1)


@dataclass(slots=True, kw_only=True)
class Vllm:
    """What one replica has done since it started. Latencies: observations per upper bound, None for beyond the last."""

    model: str = "m"
    prompt_computed: float = 0.0
    prompt_cached: float = 0.0
    prompt_transferred: float = 0.0
    generated: float = 0.0
    waiting: float = 0.0
    running: float = 0.0
    ttft: dict[float | None, float] = field(default_factory=dict)
    tbt: dict[float | None, float] = field(default_factory=dict)
    by_source: bool = True  # since February 2026
    tbt_name: str = "vllm:request_time_per_output_token_seconds"

    def text(self) -> str:
        """As `/metrics` answers."""
        own = f'engine="0",model_name="{self.model}"'
        prompts = self.prompt_computed + self.prompt_cached + self.prompt_transferred
        lines = [
            "# HELP python_gc_objects_collected_total Objects collected during gc",
            "# TYPE python_gc_objects_collected_total counter",
            'python_gc_objects_collected_total{generation="0"} 8313.0',
            *_counter("vllm:prompt_tokens_total", {own: prompts}),
            *_counter("vllm:prompt_tokens_cached_total", {own: self.prompt_cached + self.prompt_transferred}),
            *_counter("vllm:generation_tokens_total", {own: self.generated}),
            *_gauge("vllm:num_requests_waiting", {own: self.waiting}),
            *_gauge("vllm:num_requests_running", {own: self.running}),
            *_histogram("vllm:time_to_first_token_seconds", own, TTFT_BOUNDS_S, self.ttft),
            *_histogram(self.tbt_name, own, TBT_BOUNDS_S, self.tbt),
        ]
        if self.by_source:
            sources = {
                "local_compute": self.prompt_computed,
                "local_cache_hit": self.prompt_cached,
                "external_kv_transfer": self.prompt_transferred,
            }
            lines += _counter(
                "vllm:prompt_tokens_by_source_total",
                {f'{own},source="{source}"': value for source, value in sources.items()},
            )
        return "\n".join(lines) + "\n"


def dynamo_frontend(*, output_tokens: float, queued: float = 0.0, model: str = "m") -> str:
    own = f'model="{model}"'
    lines = [
        *_counter("dynamo_frontend_output_tokens_total", {own: output_tokens}),
        *_gauge("dynamo_frontend_queued_requests", {own: queued}),
    ]
    return "\n".join(lines) + "\n"


def _counter(name: str, values: Mapping[str, float]) -> list[str]:
    return [f"# TYPE {name} counter", *(f"{name}{{{labels}}} {value}" for labels, value in values.items())]


def _gauge(name: str, values: Mapping[str, float]) -> list[str]:
    return [f"# TYPE {name} gauge", *(f"{name}{{{labels}}} {value}" for labels, value in values.items())]


def _histogram(
    name: str, labels: str, bounds_s: tuple[float, ...], observed: Mapping[float | None, float]
) -> list[str]:
    lines = [f"# TYPE {name} histogram"]
    running = 0.0
    for bound_s in bounds_s:
        running += observed.get(bound_s, 0.0)
        lines.append(f'{name}_bucket{{{labels},le="{bound_s}"}} {running}')
    running += observed.get(None, 0.0)
    lines.append(f'{name}_bucket{{{labels},le="+Inf"}} {running}')
    lines += [f"{name}_count{{{labels}}} {running}", f"{name}_sum{{{labels}}} {running * 0.1}"]
    return lines
