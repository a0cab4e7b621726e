"""Where the readings come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from disaggregated_service.core.schema import Doc, Duration, Key, MaxItems, Pattern

MATCHERS = Pattern(r"(?s)[^{}]*", 'namespace="llm",role="decode"', 2048)
ENDPOINT = Pattern(r"(dns\+)?https?://[^\s/?#@]+(/[^\s]*)?", "http://10.0.0.7:8000/metrics", 2048)


class Engine(StrEnum):
    """Presets of metric names."""

    VLLM = "vllm"
    SGLANG = "sglang"
    TRTLLM = "trtllm"
    DYNAMO = "dynamo"
    LLM_D = "llm-d"


class SignalSource(StrEnum):
    """Who collects the samples."""

    PROMETHEUS = "prometheus"
    SCRAPE = "scrape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Label matchers, without braces, that tell the pools' series apart."""

    prefill: Annotated[str, MATCHERS, Doc("Matchers of the prefill pool's series.")] = ""
    decode: Annotated[str, MATCHERS, Doc("Matchers of the decode pool's series.")] = ""
    frontend: Annotated[str, MATCHERS, Doc("Matchers of the frontend's series, where the preset reads one.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the program scrapes itself: URLs, or `dns+http://name:port/path` for every address of a name."""

    prefill: Annotated[tuple[str, ...], MaxItems(1024), ENDPOINT, Doc("Prefill replicas.")] = ()
    decode: Annotated[tuple[str, ...], MaxItems(1024), ENDPOINT, Doc("Decode replicas.")] = ()
    frontend: Annotated[tuple[str, ...], MaxItems(64), ENDPOINT, Doc("Frontends, where the preset reads one.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsSpec:
    """How the readings of this service are obtained, and when they are too old."""

    source: Annotated[SignalSource, Doc("prometheus, or scrape: read the replicas' /metrics directly.")] = (
        SignalSource.PROMETHEUS
    )
    window_s: Annotated[float, Key("window"), Duration(min_s=1, max_s=3600), Doc("Window of rates and histograms.")] = (
        60.0
    )
    stale_after_s: Annotated[
        float, Key("staleAfter"), Duration(min_s=1, max_s=3600), Doc("A sample older than this is no sample.")
    ] = 45.0
    selectors: Annotated[Selectors, Doc("Label matchers of each pool's series.")] = Selectors()
    replica_label: Annotated[
        str, Pattern(r"[a-zA-Z_][a-zA-Z0-9_]*", "pod", 128), Doc("The label that names the replica.")
    ] = "pod"
    queries: Annotated[Mapping[str, str], MaxItems(32), Doc("PromQL that replaces a preset's, by signal name.")] = (
        field(default_factory=dict)
    )
    endpoints: Annotated[Endpoints, Doc("With source scrape: the replicas' metrics endpoints.")] = Endpoints()
