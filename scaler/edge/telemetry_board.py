"""The board as metrics, read when somebody scrapes: nothing is written per tick and nothing can lag behind.

It must never know a counter: what must not be lost between two scrapes is in telemetry.py. Names, and what to do about
each, are in docs/reference/metrics.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from disaggregated_service.core.decision import Decision, ReadingNote, ReadingState
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.trail import Stage
from scaler.edge.board import Board, Entry
from scaler.edge.guard_state import guard_states

SERVICE = ("namespace", "service")
COUNTS = {
    "in_force": "Replicas from which the last tick started.",
    "target": "Replicas the policy wants.",
    "granted": "Replicas that placement has room for.",
    "published": "Replicas KEDA is told; no series in advisory mode.",
    "ready": "Replicas that serve.",
    "discovered": "Replicas that exist, answering or not.",
}


class BoardCollector(Collector):
    """Yields one family a metric over all services; called from any thread, since the board's entries never change."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def describe(self) -> Iterable[Metric]:
        return ()  # or registering would read the board

    def collect(self) -> Iterator[Metric]:
        entries = self._board.entries()
        decided = [(entry, entry.decision) for entry in entries if entry.decision is not None]
        yield _modes(entries)
        yield _undecided(entries)
        yield self._ages(entries)
        yield from _counts(decided)
        yield _needs(decided)
        yield from _ratios(decided)
        yield _guards(decided)
        yield _conditions(decided)
        yield from _readings(decided)

    def _ages(self, entries: Iterable[Entry]) -> Metric:
        family = _gauge("decision_age_seconds", "Time since the service was last evaluated.", *SERVICE)
        for entry in entries:
            if entry.decision is not None:
                family.add_metric(_labels(entry), self._board.age_s(entry))
        return family


Decided = Iterable[tuple[Entry, Decision]]


def _modes(entries: Iterable[Entry]) -> Metric:
    family = _gauge("service_info", "1 for each service, with its mode.", *SERVICE, "mode")
    for entry in entries:
        family.add_metric([*_labels(entry), entry.service.spec.mode.value], 1)
    return family


def _undecided(entries: Iterable[Entry]) -> Metric:
    family = _gauge("service_undecided", "1 while a service has no decision yet.", *SERVICE)
    for entry in entries:
        family.add_metric(_labels(entry), float(entry.decision is None))
    return family


def _counts(decided: Decided) -> Iterator[Metric]:
    families = {name: _gauge(f"{name}_replicas", words, *SERVICE, "role") for name, words in COUNTS.items()}
    for entry, decision in decided:
        pairs: dict[str, Pair | None] = {
            "in_force": decision.in_force,
            "target": decision.targets,
            "granted": decision.granted,
            "published": decision.published,
            "ready": decision.ready,
            "discovered": decision.discovered,
        }
        for name, pair in pairs.items():
            for role in Role if pair is not None else ():
                families[name].add_metric([*_labels(entry), role.value], pair.of(role) if pair else 0)
    yield from families.values()


def _needs(decided: Decided) -> Metric:
    family = _gauge("need_replicas", "Replicas the load asks for, before coupling and rounding.", *SERVICE, "role")
    for entry, decision in decided:
        for step in decision.trail:
            need = dict(step.numbers).get("need") if step.stage is Stage.LOAD else None
            if need is not None and step.subject in set(Role):
                family.add_metric([*_labels(entry), step.subject], need)
    return family


def _ratios(decided: Decided) -> Iterator[Metric]:
    families = {
        "wanted": _gauge("wanted_ratio", "Prefill to decode replicas the policy wants.", *SERVICE),
        "ready": _gauge("ready_ratio", "Prefill to decode replicas that serve.", *SERVICE),
    }
    for entry, decision in decided:
        for name, pair in (("wanted", decision.targets), ("ready", decision.ready)):
            if pair.decode:
                families[name].add_metric(_labels(entry), pair.prefill / pair.decode)
    yield from families.values()


def _guards(decided: Decided) -> Metric:
    family = _gauge("guard_state", "1 for the state that each guard is in.", *SERVICE, "guard", "state")
    for entry, decision in decided:
        for guard, state in guard_states(entry.service.spec, decision).items():
            family.add_metric([*_labels(entry), guard, state.value], 1)
    return family


def _conditions(decided: Decided) -> Metric:
    family = _gauge("condition", "1 for each standing condition.", *SERVICE, "type", "subject")
    for entry, decision in decided:
        for type_, subject in sorted({(found.type.value, found.subject) for found in decision.conditions}):
            family.add_metric([*_labels(entry), type_, subject], 1)
    return family


def _readings(decided: Decided) -> Iterator[Metric]:
    ages = _gauge("reading_age_seconds", "Age of a reading's oldest sample.", *SERVICE, "signal")
    absences = _gauge("reading_absent", "1 while a signal is unknown, and why.", *SERVICE, "signal", "why")
    covered = _gauge("reading_covered_replicas", "Ready replicas whose samples arrived.", *SERVICE, "signal")
    for entry, decision in decided:
        for note in decision.readings:
            labels = [*_labels(entry), note.signal]
            absent = note.state is ReadingState.ABSENT
            absences.add_metric([*labels, _why(note)], float(absent))
            if not absent:
                ages.add_metric(labels, note.age_s)
            if note.state is ReadingState.PRESENT:
                covered.add_metric(labels, note.covered)
    yield from (ages, absences, covered)


def _why(note: ReadingNote) -> str:
    """The reason's code, without the details for people, which would make a series each."""
    return note.why.partition(":")[0].strip()


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"heteroscale_{name}", words, labels=labels)


def _labels(entry: Entry) -> list[str]:
    return [entry.service.key.namespace, entry.service.key.name]
