"""What an on-call engineer may say by annotation: hold everything, or exactly this pair, until a time."""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.pair import Pair

HOLD_ANNOTATION = "heteroscale.dev/hold-until"
PAIR_ANNOTATION = "heteroscale.dev/pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldUntil:
    """Nothing moves, raises included, until this wall-clock instant."""

    until_unix_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairUntil:
    """Exactly this pair, within bounds and as far as placement has room, until this wall-clock instant."""

    pair: Pair
    until_unix_s: float


Override = HoldUntil | PairUntil
