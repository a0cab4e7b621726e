"""Boards as a ticker would have left them, and the clock that ages them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from disaggregated_service.core.decision import (
    Condition,
    ConditionType,
    Decision,
    Hold,
    ReadingNote,
    ReadingState,
    Scale,
    Verdict,
)
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage, TrailStep
from scaler.edge.board import Board, Entry
from tests.services import service

INTERVAL_S = 15.0
NINE_UNIX_S = 1_795_597_200.0  # 2026-11-25 09:00 UTC
CHAT = ServiceKey("llm", "chat-70b")


@dataclass
class Clock:
    """Monotonic time that moves when told."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class World:
    """A board, its clock, and the sequence counter of a ticker."""

    clock: Clock = field(default_factory=Clock)
    sequence: int = 0

    def __post_init__(self) -> None:
        self.board = Board(interval_s=INTERVAL_S, now_s=self.clock)

    def entry(
        self,
        pair: Pair | None,
        *,
        key: ServiceKey = CHAT,
        advisory: bool = False,
        decision: Decision | None = None,
        waiting_for: str = "",
    ) -> Entry:
        """An entry that was evaluated now; without a pair and a decision it has none yet."""
        mode = Mode.ADVISORY if advisory else Mode.ACTIVE
        if decision is None and pair is not None:
            self.sequence += 1
            decision = decided(pair, key=key, mode=mode, sequence=self.sequence)
        return Entry(
            service=service(name=key.name, namespace=key.namespace, mode=mode.value),
            decision=decision,
            evaluated_at_s=self.clock.now_s,
            decided_at_unix_s=NINE_UNIX_S + self.clock.now_s - 1_000,
            waiting_for=waiting_for,
        )

    def publish(self, *entries: Entry) -> None:
        self.board.publish(entries)


def decided(
    pair: Pair,
    *,
    key: ServiceKey = CHAT,
    mode: Mode = Mode.ACTIVE,
    sequence: int = 1,
    in_force: Pair | None = None,
    verdict: Verdict | None = None,
    ready: Pair | None = None,
    trail: Iterable[TrailStep] = (),
    conditions: tuple[Condition, ...] = (),
    readings: tuple[ReadingNote, ...] = (),
) -> Decision:
    """A decision that wants, grants and (when active) publishes `pair`; all else as if nothing was going on."""
    before = pair if in_force is None else in_force
    return Decision(
        service=key,
        sequence=sequence,
        mode=mode,
        verdict=verdict or (Hold(Reason.WITHIN_BAND) if before == pair else Scale(Reason.LOAD_OUT)),
        in_force=before,
        targets=pair,
        granted=pair,
        published=None if mode is Mode.ADVISORY else pair,
        ready=before if ready is None else ready,
        discovered=before if ready is None else ready,
        trail=tuple(trail),
        conditions=conditions,
        readings=readings,
    )


def busy(sequence: int = 812, key: ServiceKey = CHAT, mode: Mode = Mode.ACTIVE) -> Decision:
    """A decision with everything in it: a raise, a guard at its target, an absent signal, a condition."""
    before, after = Pair(4, 12), Pair(5, 15)
    load = (
        ("load_tps", 25_840.0),
        ("need", 13.6),
        ("in_force", 12.0),
        ("covered", 11.0),
        ("ready", 12.0),
        ("age_s", 6.2),
    )
    slow = (("tier", 1.0), ("bound_s", 0.05), ("slow_frac", 0.124), ("samples", 5_310.0))
    return decided(
        after,
        key=key,
        mode=mode,
        sequence=sequence,
        in_force=before,
        ready=Pair(4, 11),
        trail=(
            TrailStep(Stage.LOAD, before, before, Reason.LOAD_OUT, "decode", load),
            TrailStep(Stage.GUARD, before, before, Reason.GUARD_FORBIDS, "tbt_p90", slow),
            TrailStep(Stage.GUARD, before, before, Reason.GUARD_ABSENT, "ttft_p90:source_slow"),
            TrailStep(Stage.COUPLING, before, after, Reason.COUPLED),
        ),
        conditions=(Condition(ConditionType.GUARD_COARSE, "tbt_p90", (("bound_s", 0.05), ("target_s", 0.04))),),
        readings=(
            ReadingNote(
                signal="decode_tps",
                state=ReadingState.PRESENT,
                value=25_840.0,
                samples=44,
                age_s=6.2,
                covered=11,
                ready=12,
                name_used="vllm:generation_tokens_total",
            ),
            ReadingNote(signal="tbt", state=ReadingState.PRESENT, samples=5_310, age_s=6.2, covered=11, ready=12),
            ReadingNote(signal="prefill_waiting", state=ReadingState.QUIET, samples=2, age_s=3.0),
            ReadingNote(signal="ttft", state=ReadingState.ABSENT, why="source_slow: no answer within 9 s"),
        ),
    )
