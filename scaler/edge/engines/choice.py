"""Which candidate a signal is read under, given the names that exist. Pure; the same for both sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.signals_spec import Engine
from scaler.core.observation import Absent, SignalName, Why
from scaler.edge.engines import dynamo, llm_d, sglang, trtllm, vllm
from scaler.edge.engines.preset import Candidate, Place, Preset, Signal

PRESETS: Mapping[Engine, Preset] = {
    module.PRESET.engine: module.PRESET for module in (vllm, sglang, trtllm, dynamo, llm_d)
}

NamesFound = Mapping[Place, frozenset[str] | Absent]
"""Names that exist at each place that is configured, or why that could not be learned."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate that is used, or why none is; `missing` are better ones that were not there."""

    signal: Signal
    used: Candidate | Absent
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> SignalName:
        used = "" if isinstance(self.used, Absent) else str(self.used)
        return SignalName(signal=self.signal.value, used=used, missing=self.missing)


def choose(preset: Preset, signal: Signal, found: NamesFound) -> Choice:
    """The first candidate all of whose names exist. Places that are not configured are passed over."""
    missing: list[str] = []
    trouble: Absent | None = None
    for candidate in preset.candidates.get(signal, ()):
        names = found.get(candidate.place)
        if names is None:
            continue
        if isinstance(names, Absent):
            trouble = trouble or names
            continue
        if names.issuperset(candidate.names):
            # A better one may hide behind the trouble, and two names of one signal must not take turns.
            return Choice(signal, trouble or candidate, tuple(missing))
        missing.append(str(candidate))
    if trouble is not None:
        return Choice(signal, trouble, tuple(missing))
    if missing:
        return Choice(signal, Absent(Why.NO_SERIES, f"none of {', '.join(missing)}"[:200]), tuple(missing))
    where = " or ".join(sorted({candidate.place.value for candidate in preset.candidates.get(signal, ())}))
    detail = f"preset {preset.engine} reads it at {where}, which this service does not name" if where else ""
    return Choice(signal, Absent(Why.NOT_CONFIGURED, detail), ())
