"""What the schedule says at this tick: floors, a fixed pair, and the ratio in force.

Which entries are active is the calendar's business (an edge); this file never sees a clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import Band, FixedRatio, MeasuredRatio
from disaggregated_service.core.schedule_spec import ScheduleEntry
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """floors: replicas asked for, 0 where nothing is. ceiling: the fixed pair. ratio: P/D, None where measured."""

    floors: Pair
    ceiling: Pair | None
    band: Band
    ratio: float | None


def period_now(situation: Situation) -> Period:
    """The floors, ceiling and ratio of this tick; overlapping entries were refused when the spec was read."""
    spec = situation.spec
    active = [entry for entry in spec.schedule if entry.name in situation.observation.active_entries]
    floors, ceiling = Pair(0, 0), None
    ratio: FixedRatio | MeasuredRatio = spec.ratio
    for entry in active:
        if entry.ratio is not None and isinstance(spec.ratio, FixedRatio):
            ratio = FixedRatio(prefill=entry.ratio.prefill, decode=entry.ratio.decode, tolerance=spec.ratio.tolerance)
            situation.note(Stage.SCHEDULE, Reason.SCHEDULE_RATIO, entry.name, ("ratio_frac", ratio.value))
        if entry.fixed is not None:
            ceiling = Pair(entry.fixed.prefill, entry.fixed.decode)
            floors = ceiling
            situation.note(Stage.SCHEDULE, Reason.SCHEDULE_FIXED, entry.name, *_counts(ceiling))
        elif entry.min_prefill is not None or entry.min_decode is not None:
            floors = _raised(floors, entry)
            situation.note(Stage.SCHEDULE, Reason.SCHEDULE_FLOOR, entry.name, *_counts(floors))
    fixed = ratio.value if isinstance(ratio, FixedRatio) else None
    return Period(floors=floors, ceiling=ceiling, band=ratio.band, ratio=fixed)


def _raised(floors: Pair, entry: ScheduleEntry) -> Pair:
    return Pair(max(floors.prefill, entry.min_prefill or 0), max(floors.decode, entry.min_decode or 0))


def _counts(pair: Pair) -> tuple[tuple[str, float], tuple[str, float]]:
    return (("prefill", pair.prefill), ("decode", pair.decode))
