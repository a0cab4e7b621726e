"""What a valid service still needs so that this program, as it was started, can look after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.scalar import meant
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import SignalSource
from disaggregated_service.core.validate import sparse_faults
from scaler.edge.engines.preset import Signal


def servable(
    *, scrape_interval_s: float, interval_s: float, has_prometheus: bool
) -> Callable[[DisaggregatedService], tuple[Fault, ...]]:
    """The faults of a service for a program with these two intervals, with or without a Prometheus to ask.

    Signals too sparse are a fault only where we scrape: there the interval is known before the first sample.
    """

    def check(service: DisaggregatedService) -> tuple[Fault, ...]:
        signals = service.spec.signals
        if signals is None:
            wrong, right = "is missing: serve needs readings", "write source, and selectors or endpoints"
            return (Fault(path="spec.signals", wrong=wrong, right=right),)
        unknown = _unknown_queries(signals.queries)
        if unknown:
            return unknown
        match signals.source:
            case SignalSource.SCRAPE:
                return sparse_faults(service.spec, scrape_interval_s, interval_s)
            case SignalSource.PROMETHEUS if not has_prometheus:
                wrong = "is prometheus, and no Prometheus was named"
                right = "start with --prometheus URL, or write source: scrape"
                return (Fault(path="spec.signals.source", wrong=wrong, right=right),)
            case SignalSource.PROMETHEUS:
                return ()

    return check


def _unknown_queries(queries: Mapping[str, str]) -> tuple[Fault, ...]:
    """A query under a name that nobody asks for would be ignored, and the preset's metric read instead."""
    names = {signal.value for signal in Signal} | {signal.camel_case for signal in Signal}
    faults: list[Fault] = []
    for name in sorted(queries.keys() - names):
        like = meant(name, names)
        hint = f"did you mean {like}? " if like else ""
        right = f"{hint}write one of: {', '.join(signal.value for signal in Signal)}"
        faults.append(Fault(path=f"spec.signals.queries.{name}", wrong="is no signal", right=right))
    return tuple(faults)
