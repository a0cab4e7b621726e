"""One service at one tick, as every stage of the policy sees it."""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.signals_spec import SignalsSpec
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.memory import Memory
from scaler.core.observation import Observation
from scaler.core.trace import Number, Trace

DEFAULT_SIGNALS = SignalsSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """pair: the one in force, moved inside the bounds. memory: as the tick found it, with this tick's ready counts."""

    spec: ServiceSpec
    observation: Observation
    memory: Memory
    pair: Pair
    now_s: float
    trace: Trace

    @property
    def signals_spec(self) -> SignalsSpec:
        """The windows and ages in force; their defaults where the spec names no source."""
        return self.spec.signals or DEFAULT_SIGNALS

    @property
    def cooldown_in_s(self) -> float:
        return self.spec.load.cooldown.in_s

    def note(self, stage: Stage, reason: Reason, subject: str = "", *numbers: Number) -> None:
        """A step of the trail that leaves the pair as it is."""
        self.trace.move(stage, self.pair, self.pair, reason, subject, *numbers)
