"""The webhook's own metrics.

It must never decide anything, and no label may hold what a caller chose freely.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

REVIEW_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1)
"""Between an answer from memory and one that delays a pod; the API server's own buckets begin at 5 ms."""

PATCH_BUCKETS_BYTES = (256, 1024, 4096, 16_384, 65_536)
_PREFIX = "heteroscale_webhook_"


class Telemetry:
    """Called by the server; `exposition` renders everything for a scrape."""

    def __init__(self, *, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Gauge("heteroscale_build_info", "The version that runs.", ["version"], registry=self.registry).labels(
            version
        ).set(1)
        self._reviews = self._counter("reviews", "Reviews by what became of them, and why.", "result", "reason")
        self._seconds = self._histogram(
            "review_duration_seconds", "From the end of a request's headers to its answer.", REVIEW_BUCKETS_S
        )
        self._patch_bytes = self._histogram("patch_bytes", "Sizes of the patches sent.", PATCH_BUCKETS_BYTES)
        self._stale = self._counter("stale_plan_reviews", "Pods placed by a plan that is older than it should be.")
        self._refused = self._counter("refused", "Requests and connections that were not read to their end.", "why")
        self._failures = self._counter("reload_failures", "Looks at a file that found nothing usable.", "file")
        self._review_children: dict[tuple[str, str], Counter] = {}

    def reviewed(self, result: str, reason: str, duration_s: float, patch_bytes: int) -> None:
        """Count one; result and reason are codes of ours. patch_bytes: 0 without a patch."""
        child = self._review_children.get((result, reason))
        if child is None:
            child = self._review_children[result, reason] = self._reviews.labels(result, reason)
        child.inc()
        self._seconds.observe(duration_s)
        if patch_bytes:
            self._patch_bytes.observe(patch_bytes)

    def placed_by_stale_plan(self) -> None:
        self._stale.inc()

    def refused(self, why: str) -> None:
        self._refused.labels(why).inc()

    def reload_failed(self, file: str) -> None:
        """file: plan, nodes or certificate."""
        self._failures.labels(file).inc()

    def watch(self, name: str, words: str, value: Callable[[], float]) -> None:
        """A gauge that is asked for at each scrape."""
        Gauge(_PREFIX + name, words, registry=self.registry).set_function(value)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Render all metrics in the format a scraper accepts; returns the text and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, words, labels, registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(_PREFIX + name, words, buckets=buckets, registry=self.registry)
