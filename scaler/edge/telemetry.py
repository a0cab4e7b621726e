"""The program's own metrics: what has to be counted as it happens, and the registry that the board's gauges join.

It must never decide anything, and no label may hold what a caller chose freely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from disaggregated_service.core.decision import Decision, Scale
from disaggregated_service.core.pair import Pair, ServiceKey
from scaler.edge.board import Board, Entry
from scaler.edge.telemetry_board import SERVICE, BoardCollector

TICK_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RPC_BUCKETS_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1.0)
"""An answer from memory takes tens of microseconds; one of 100 ms means the event loop is held up."""


@dataclass(slots=True)
class _Tally:
    """What one service has added up since this process first saw it."""

    evaluated_at_s: float | None = None
    decisions: dict[tuple[str, str], int] = field(default_factory=dict)
    wished_gpu_s: float = 0.0
    running_gpu_s: float = 0.0


class Telemetry:
    """Called by the ticker and the servers; `exposition` renders everything for a scrape."""

    def __init__(self, board: Board, *, version: str) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(BoardCollector(board))
        self._tallies = _Tallies()
        self.registry.register(self._tallies)
        ProcessCollector(registry=self.registry)
        Gauge("heteroscale_build_info", "The version that runs.", ["version"], registry=self.registry).labels(
            version
        ).set(1)
        self._ticks = Histogram(
            "heteroscale_tick_duration_seconds",
            "From gathering to publishing, over all services.",
            buckets=TICK_BUCKETS_S,
            registry=self.registry,
        )
        self._interval = Gauge("heteroscale_tick_interval_seconds", "Time between ticks.", registry=self.registry)
        self._reload_failures = self._counter(
            "reload_failures", "Service files that could not be used when read again."
        )
        self._persist_failures = self._counter(
            "persist_failures", "Decisions that could not be written before serving."
        )
        self._certificate_failures = self._counter("certificate_failures", "Looks at certificate files that failed.")
        self._rpcs = Counter("heteroscale_rpcs", "Finished gRPC calls.", ["method", "code"], registry=self.registry)
        self._rpc_seconds = Histogram(
            "heteroscale_rpc_duration_seconds",
            "Time in the handler.",
            ["method"],
            buckets=RPC_BUCKETS_S,
            registry=self.registry,
        )
        self._rpc_children: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._streams = Gauge("heteroscale_open_streams", "StreamIsActive streams open now.", registry=self.registry)

    def tick_finished(self, duration_s: float, entries: Iterable[Entry], interval_s: float) -> None:
        """Count one tick: its length, each service's verdict, and GPU-seconds for the interval that follows."""
        self._ticks.observe(duration_s)
        self._interval.set(interval_s)
        self._tallies.add(entries, interval_s)

    def reload_failed(self) -> None:
        self._reload_failures.inc()

    def persist_failed(self) -> None:
        self._persist_failures.inc()

    def certificate_failed(self) -> None:
        self._certificate_failures.inc()

    def watch_streams(self, open_count: Callable[[], int]) -> None:
        """Ask for the number of open streams at each scrape."""
        self._streams.set_function(open_count)

    def rpc_finished(self, method: str, code: str, duration_s: float) -> None:
        """Count one call; `method` is one of ours or `unknown`, `code` the name of a gRPC status."""
        children = self._rpc_children.get((method, code))
        if children is None:
            children = (self._rpcs.labels(method, code), self._rpc_seconds.labels(method))
            self._rpc_children[method, code] = children
        children[0].inc()
        children[1].observe(duration_s)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Render all metrics in the format a scraper accepts; returns the text and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(f"heteroscale_{name}", words, registry=self.registry)


class _Tallies(Collector):
    """Counters per service, dropped with the service."""

    def __init__(self) -> None:
        self._tallies: dict[ServiceKey, _Tally] = {}

    def add(self, entries: Iterable[Entry], interval_s: float) -> None:
        kept: dict[ServiceKey, _Tally] = {}
        for entry in entries:
            tally = kept[entry.service.key] = self._tallies.get(entry.service.key) or _Tally()
            if entry.decision is not None and entry.evaluated_at_s != tally.evaluated_at_s:
                tally.evaluated_at_s = entry.evaluated_at_s
                _add(tally, entry, entry.decision, interval_s)
        self._tallies = kept  # replaced as a whole: a scrape in another thread goes on reading the old one

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        tallies = sorted(self._tallies.items())
        decisions = _counter("decisions", "Decisions by verdict and reason.", *SERVICE, "verdict", "reason")
        wished = _counter("wished_gpu_seconds", "GPU-seconds of the pairs that the policy wanted.", *SERVICE)
        running = _counter("running_gpu_seconds", "GPU-seconds of the replicas that existed.", *SERVICE)
        for key, tally in tallies:
            labels = [key.namespace, key.name]
            for (verdict, reason), count in sorted(tally.decisions.copy().items()):
                decisions.add_metric([*labels, verdict, reason], count)
            wished.add_metric(labels, tally.wished_gpu_s)
            running.add_metric(labels, tally.running_gpu_s)
        yield from (decisions, wished, running)


def _add(tally: _Tally, entry: Entry, decision: Decision, interval_s: float) -> None:
    verdict = "scale" if isinstance(decision.verdict, Scale) else "hold"
    cause = (verdict, decision.verdict.reason.value)
    tally.decisions[cause] = tally.decisions.get(cause, 0) + 1
    tally.wished_gpu_s += _gpus(entry, decision.targets) * interval_s
    tally.running_gpu_s += _gpus(entry, decision.discovered) * interval_s


def _gpus(entry: Entry, pair: Pair) -> int:
    return entry.service.spec.roles.gpus(pair.prefill, pair.decode)


def _counter(name: str, words: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"heteroscale_{name}", words, labels=labels)
