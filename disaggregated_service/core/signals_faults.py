"""Readings that could never be obtained as written. This file must never know a preset or a metric name."""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core import duration
from disaggregated_service.core.fault import Fault
from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.signals_spec import SignalSource, SignalsSpec

WINDOW_SCRAPES_MIN = 4  # fewer, and one late scrape leaves a rate with a single sample
STALE_SCRAPES_MIN = 3  # fewer, and one lost scrape makes a replica silent
STALE_TICKS_MIN = 2  # fewer, and a sample ages out between two ticks


def signals_faults(spec: ServiceSpec) -> Iterator[Fault]:
    signals = spec.signals
    if signals is None:
        return
    match signals.source:
        case SignalSource.PROMETHEUS:
            yield from _selectors(signals)
        case SignalSource.SCRAPE:
            yield from _endpoints(signals)
            yield from _promql(spec, signals)
    if signals.stale_after_s > signals.window_s:
        yield Fault(
            path="spec.signals.staleAfter",
            wrong=f"is {duration.written(signals.stale_after_s)}, above window {duration.written(signals.window_s)}: "
            "such samples are in no rate",
            right=f"write at most {duration.written(signals.window_s)}",
        )


def sparse_faults(spec: ServiceSpec, scrape_interval_s: float, tick_interval_s: float) -> tuple[Fault, ...]:
    """What would keep a pool from ever shrinking, for who knows the two intervals (seconds)."""
    signals = spec.signals
    if signals is None:
        return ()
    window, stale = duration.written(signals.window_s), duration.written(signals.stale_after_s)
    scrape, tick = duration.written(scrape_interval_s), duration.written(tick_interval_s)
    faults = []
    window_s_min = WINDOW_SCRAPES_MIN * scrape_interval_s
    if signals.window_s < window_s_min:
        wrong = f"is {window}, under {WINDOW_SCRAPES_MIN} scrape intervals of {scrape}"
        right = f"write at least {duration.written(window_s_min)}, or scrape more often"
        faults.append(Fault(path="spec.signals.window", wrong=wrong, right=right))
    stale_s_min = max(STALE_SCRAPES_MIN * scrape_interval_s, STALE_TICKS_MIN * tick_interval_s)
    if signals.stale_after_s < stale_s_min:
        limits = f"{STALE_SCRAPES_MIN} scrape intervals of {scrape} or {STALE_TICKS_MIN} ticks of {tick}"
        wrong, right = f"is {stale}, under {limits}", f"write at least {duration.written(stale_s_min)}"
        faults.append(Fault(path="spec.signals.staleAfter", wrong=wrong, right=right))
    return tuple(faults)


def _selectors(signals: SignalsSpec) -> Iterator[Fault]:
    written = {Role.PREFILL: signals.selectors.prefill.strip(), Role.DECODE: signals.selectors.decode.strip()}
    for role, selector in written.items():
        if not selector:
            yield Fault(
                path=f"spec.signals.selectors.{role}",
                wrong="is missing: with source prometheus the pools' series must be told apart",
                right=f'write label matchers, for instance \'namespace="llm",role="{role}"\'',
            )
    if written[Role.PREFILL] and written[Role.PREFILL] == written[Role.DECODE]:
        yield Fault(
            path="spec.signals.selectors.decode",
            wrong="is the same as selectors.prefill: every replica would count in both pools",
            right="add a matcher that only this pool's series have",
        )


def _endpoints(signals: SignalsSpec) -> Iterator[Fault]:
    given = {Role.PREFILL: signals.endpoints.prefill, Role.DECODE: signals.endpoints.decode}
    for role, urls in given.items():
        if not urls:
            yield Fault(
                path=f"spec.signals.endpoints.{role}",
                wrong="is missing: with source scrape the program reads the replicas itself",
                right=f'write URLs, for instance ["dns+http://chat-{role}.llm:8000/metrics"]',
            )
    if given[Role.PREFILL] and set(given[Role.PREFILL]) & set(given[Role.DECODE]):
        shared = min(set(given[Role.PREFILL]) & set(given[Role.DECODE]))
        yield Fault(
            path="spec.signals.endpoints.decode",
            wrong=f"{shared} is listed under prefill too: it would count in both pools",
            right="list each replica under one role",
        )


def _promql(spec: ServiceSpec, signals: SignalsSpec) -> Iterator[Fault]:
    unaskable = "is PromQL, which nobody can be asked with source scrape"
    for name in signals.queries:
        yield Fault(
            path=f"spec.signals.queries.{name}",
            wrong=unaskable,
            right="remove it, or write source: prometheus",
        )
    for role in Role:
        load = spec.load.of(role)
        if load is not None and load.demand_metric is not None:
            path = f"spec.load.{role}.demandMetric"
            yield Fault(path=path, wrong=unaskable, right="remove it, or write source: prometheus")
