"""PromQL of a preset's candidates. Text only; nothing is asked here.

Rates and ages come as one row a series, never as a sum: a sum hides who is silent and how old the rest is.
"""

from __future__ import annotations

from scaler.edge.engines.preset import Term

ANSWERED_WITHIN = "5m"
"""A replica that answered this recently is ready although it is silent now, even if we started a second ago."""


def duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds == round(seconds) else f"{seconds * 1000:.0f}ms"


def series(name: str, selector: str, labels: tuple[tuple[str, str], ...] = ()) -> str:
    """A vector selector: the name, the user's matchers and the preset's."""
    matchers = [selector.strip().rstrip(",").strip(), *(f'{label}="{value}"' for label, value in labels)]
    return f"{name}{{{','.join(matcher for matcher in matchers if matcher)}}}"


def rate(term: Term, selector: str, window_s: float) -> str:
    return f"rate({series(term.name, selector, term.labels)}[{duration(window_s)}])"


def value(term: Term, selector: str) -> str:
    return series(term.name, selector, term.labels)


def timestamps(term: Term, selector: str) -> str:
    """Unix seconds of each raw series' last sample."""
    return f"timestamp({series(term.name, selector, term.labels)})"


def samples(term: Term, selector: str, window_s: float) -> str:
    return f"count_over_time({series(term.name, selector, term.labels)}[{duration(window_s)}])"


def replicas(selector: str, label: str) -> str:
    """One row for each replica that is discovered now: 1 where it answered lately, else 0."""
    up = series("up", selector)
    return f"max by ({label}) (max_over_time({up}[{ANSWERED_WITHIN}])) and on ({label}) {up}"


def names(candidates: tuple[str, ...], selector: str) -> str:
    """One row for each of the names that exists."""
    matcher = f'__name__=~"{"|".join(candidates)}"'
    inner = selector.strip().rstrip(",").strip()
    return f"count by (__name__) ({{{matcher}{',' + inner if inner else ''}}})"


def buckets(term: Term, selector: str, window_s: float, stale_after_s: float, label: str) -> str:
    """Increase of every bucket over the replicas whose count is fresh; one row a series, to be aggregated."""
    grown = f"increase({series(term.name + '_bucket', selector, term.labels)}[{duration(window_s)}])"
    counted = f"timestamp({series(term.name + '_count', selector, term.labels)})"
    return f"{grown} and on ({label}) ({counted} >= time() - {stale_after_s:g})"


def by_bound(vector: str) -> tuple[str, str]:
    """The sum over replicas per bound, and how many series had that bound."""
    return f"sum by (le) ({vector})", f"count by (le) ({vector})"
