"""What one replica said lately: bounded windows of samples, on our own monotonic clock.

It knows times and values, never where they came from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile

from scaler.edge.engines.preset import Term
from scaler.edge.exposition import SeriesKey
from scaler.edge.series import Labels

Sample = tuple[float, float]
"""Monotonic seconds, value."""

SAMPLES_MAX = 4096
"""Of one series: an hour's window at one scrape a second, which is more than the spec and the options allow."""


class ReplicaWindow:
    """The samples of one replica, kept over a window and one sample more."""

    def __init__(self) -> None:
        self._series: dict[str, dict[Labels, deque[Sample]]] = {}
        self._scraped_at_s: deque[float] = deque(maxlen=SAMPLES_MAX)
        self._names: frozenset[str] = frozenset()

    @property
    def has_answered(self) -> bool:
        return bool(self._scraped_at_s)

    @property
    def names(self) -> frozenset[str]:
        """Names that the last answer had; a replica's silence does not change its engine."""
        return self._names

    def add(self, at_s: float, values: Mapping[SeriesKey, float], window_s: float) -> None:
        """Takes in one answer. A time that is not after the last one is the same scrape delivered again."""
        if self._scraped_at_s and at_s <= self._scraped_at_s[-1]:
            return
        self._scraped_at_s.append(at_s)
        self._names = frozenset(key.name for key in values) or self._names
        for key, value in values.items():
            of_name = self._series.setdefault(key.name, {})
            samples = of_name.get(key.labels)
            if samples is None:
                samples = of_name[key.labels] = deque(maxlen=SAMPLES_MAX)
            samples.append((at_s, value))
        self._prune(at_s - window_s)

    def series(self, term: Term) -> Iterator[tuple[Labels, Sequence[Sample]]]:
        """The series of a term with all their kept samples, oldest first."""
        wanted = set(term.labels)
        for labels, samples in self._series.get(term.name, {}).items():
            if wanted.issubset(labels):
                yield labels, samples

    def spacing_s(self, since_s: float) -> float | None:
        """Mean distance of the scrapes since then; None with fewer than two."""
        times = [at_s for at_s in self._scraped_at_s if at_s > since_s]
        return (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else None

    def _prune(self, since_s: float) -> None:
        while len(self._scraped_at_s) > 1 and self._scraped_at_s[1] <= since_s:
            self._scraped_at_s.popleft()
        for name, of_name in list(self._series.items()):
            for labels, samples in list(of_name.items()):
                while len(samples) > 1 and samples[1][0] <= since_s:
                    samples.popleft()
                if samples[-1][0] <= since_s:
                    del of_name[labels]
            if not of_name:
                del self._series[name]


def within(samples: Sequence[Sample], start_s: float, end_s: float) -> Sequence[Sample]:
    """The samples after `start_s` up to and with `end_s`."""
    return [sample for sample in dropwhile(lambda one: one[0] <= start_s, samples) if sample[0] <= end_s]
