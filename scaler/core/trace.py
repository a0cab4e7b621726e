"""Writes a trail, step by step, while the policy thinks.

The one mutable thing in the core: it lives for one call of `propose` and leaves it as an immutable tuple.
"""

from __future__ import annotations

from disaggregated_service.core.decision import Condition, ConditionType
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.trail import TRAIL_STEPS_MAX, Reason, Stage, TrailStep

Number = tuple[str, float]


class Trace:
    """Steps and conditions of one tick of one service, in order, bounded."""

    __slots__ = ("_conditions", "_steps")

    def __init__(self) -> None:
        self._steps: list[TrailStep] = []
        self._conditions: list[Condition] = []

    def move(
        self, stage: Stage, before: Pair, after: Pair, reason: Reason, subject: str = "", *numbers: Number
    ) -> None:
        """A step that may have changed the pair."""
        if len(self._steps) < TRAIL_STEPS_MAX:
            self._steps.append(TrailStep(stage, before, after, reason, subject, numbers))

    def note(self, stage: Stage, pair: Pair, reason: Reason, subject: str = "", *numbers: Number) -> None:
        """A step that changed nothing by itself, and says what it saw."""
        self.move(stage, pair, pair, reason, subject, *numbers)

    def condition(self, kind: ConditionType, subject: str = "", *numbers: Number) -> None:
        self._conditions.append(Condition(kind, subject, numbers))

    @property
    def steps(self) -> tuple[TrailStep, ...]:
        return tuple(self._steps)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(self._conditions)
