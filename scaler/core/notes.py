"""An observation as it is shown to people: one note per signal, with its age, its coverage and the name it had."""

from __future__ import annotations

from disaggregated_service.core.decision import ReadingNote, ReadingState
from disaggregated_service.core.pair import ROLES
from scaler.core.observation import Absent, Histogram, Observation, Present, Quiet, Reading, SignalName, Why


def notes(observation: Observation) -> tuple[ReadingNote, ...]:
    """Notes of every signal the source has, in a fixed order; signals that nobody configured are left out."""
    signals = observation.signals
    names = {name.signal: name for name in signals.names}
    found: list[ReadingNote] = []
    for role in ROLES:
        pool = signals.of(role)
        _add(found, f"{role.value}_tps", pool.load, names)
        if pool.demand is not None:
            _add(found, f"{role.value}_demand_tps", pool.demand, names)
        _add(found, f"{role.value}_waiting", pool.waiting, names)
        _add(found, f"{role.value}_running", pool.running, names)
    for metric in sorted(signals.latencies):
        _add(found, metric.value, signals.latencies[metric], names)
    return tuple(found)


def _add(
    found: list[ReadingNote], signal: str, reading: Reading[float] | Reading[Histogram], names: dict[str, SignalName]
) -> None:
    name = names.get(signal)
    used, missing = (name.used, name.missing) if name is not None else ("", ())
    match reading:
        case Present(value=value, samples=samples, age_s=age_s, coverage=coverage):
            shown = value if isinstance(value, (int, float)) else None
            found.append(
                ReadingNote(
                    signal,
                    ReadingState.PRESENT,
                    shown,
                    samples,
                    age_s,
                    coverage.covered,
                    coverage.ready,
                    used,
                    missing,
                )
            )
        case Quiet(samples=samples, age_s=age_s):
            found.append(ReadingNote(signal, ReadingState.QUIET, None, samples, age_s, 0, 0, used, missing))
        case Absent(why=Why.NOT_CONFIGURED):
            return
        case Absent(why=why, detail=detail):
            said = f"{why.value}: {detail}" if detail else why.value
            found.append(ReadingNote(signal, ReadingState.ABSENT, None, 0, 0.0, 0, 0, used, missing, said))
