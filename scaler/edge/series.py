"""Series of one pool at one tick, and the one reading that follows from them.

Both sources end here, so that the same exporters yield the same observation whoever read them. Pure; it must never
know which source it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from scaler.core.observation import Absent, Coverage, Present, Reading, Why

Labels = tuple[tuple[str, str], ...]

PLAUSIBLE_MAX = 1e12
"""Of anything that is summed here, tokens per second or requests. What is more, or below zero, no replica has: it is a
broken exporter's, and says nothing."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """Who is there. discovered: those that exist, answering or not; ready: those of them that have answered once."""

    discovered: frozenset[str] = frozenset()
    ready: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Series:
    """One series of one replica.

    identity: its labels without those that a collector adds. value: rate per second (counter) or last sample
    (gauge), None where too few samples tell no rate. age_s: of its last sample. samples: raw ones in the window.
    """

    replica: str
    identity: Labels
    value: float | None
    age_s: float
    samples: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """One replica under one term: its series summed, or why it does not count."""

    value: float
    age_s: float
    samples: int
    silent: Why | None = None


def total(
    plus: Sequence[Sequence[Series]],
    minus: Sequence[Sequence[Series]],
    *,
    ready: frozenset[str],
    stale_after_s: float,
) -> Reading[float]:
    """Sum over the covered replicas: per replica the series of `plus` less those of `minus`, never below zero.

    A replica is covered when it is ready and has, under every term of `plus`, a fresh plausible value. What replicas
    that are not ready still say is left out. `Absent` when no replica is covered or one counts twice.
    """
    terms = [_by_replica(series, ready, stale_after_s) for series in plus]
    less = [_by_replica(series, ready, stale_after_s) for series in minus]
    for seen in (*terms, *less):
        if isinstance(seen, Absent):
            return seen
    return _sum(
        [seen for seen in terms if not isinstance(seen, Absent)],
        [seen for seen in less if not isinstance(seen, Absent)],
        ready,
    )


def is_plausible(value: float) -> bool:
    """Whether a rate or a count may be what it says: NaN and the infinities may not."""
    return 0.0 <= value <= PLAUSIBLE_MAX


def believable(gauges: Sequence[Series]) -> Sequence[Series]:
    """A queue beyond belief counts as the longest that is believed: it forbids shrinking, unlike an unknown one."""
    return [
        replace(one, value=PLAUSIBLE_MAX)
        if one.value is not None and one.value > PLAUSIBLE_MAX and isfinite(one.value)
        else one
        for one in gauges
    ]


def _sum(
    plus: Sequence[Mapping[str, _Seen]], minus: Sequence[Mapping[str, _Seen]], ready: frozenset[str]
) -> Reading[float]:
    value, age_s, samples, covered = 0.0, 0.0, 0, 0
    reasons: set[Why] = set()
    for replica in sorted(ready):
        added = [seen[replica] for seen in plus if replica in seen]
        taken = [seen[replica] for seen in minus if replica in seen]
        silent = {seen.silent for seen in (*added, *taken) if seen.silent is not None}
        if silent or len(added) < len(plus):
            reasons |= silent
            continue
        value += max(0.0, sum(seen.value for seen in added) - sum(seen.value for seen in taken))
        age_s = max([age_s, *(seen.age_s for seen in added)])
        samples += sum(seen.samples for seen in added)
        covered += 1
    if covered == 0:
        return Absent(_first(reasons), f"none of {len(ready)} ready replicas")
    return Present(value, samples, age_s, Coverage(covered, len(ready)))


def _first(reasons: set[Why]) -> Why:
    for why in (Why.NOT_A_NUMBER, Why.STALE, Why.TOO_FEW_SAMPLES):
        if why in reasons:
            return why
    return Why.NO_SERIES


def _by_replica(series: Sequence[Series], ready: frozenset[str], stale_after_s: float) -> Mapping[str, _Seen] | Absent:
    """Each ready replica's series of one term, summed."""
    grouped: dict[str, list[Series]] = {}
    for one in series:
        if one.replica in ready:
            grouped.setdefault(one.replica, []).append(one)
    seen: dict[str, _Seen] = {}
    for replica, its in grouped.items():
        fresh = [one for one in its if one.age_s <= stale_after_s]
        identities = {one.identity for one in fresh}
        if len(identities) < len(fresh):
            return Absent(Why.AMBIGUOUS, f"{replica} has the same series {len(fresh)} times: collected twice?")
        gone = [one for one in its if one.age_s > stale_after_s and one.identity not in identities]
        seen[replica] = _Seen(0.0, 0.0, 0, Why.STALE) if gone else _summed(fresh)
    return seen


def _summed(fresh: Sequence[Series]) -> _Seen:
    values = [one.value for one in fresh if one.value is not None]
    if not values:
        return _Seen(0.0, 0.0, 0, Why.TOO_FEW_SAMPLES)
    if not all(map(is_plausible, values)):
        return _Seen(0.0, 0.0, 0, Why.NOT_A_NUMBER)
    return _Seen(sum(values), max(one.age_s for one in fresh), sum(one.samples for one in fresh))
