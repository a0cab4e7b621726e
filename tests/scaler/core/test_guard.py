"""What one guard makes of its histogram, and of what it remembers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from disaggregated_service.core.guard_spec import GuardMetric, GuardSpec
from disaggregated_service.core.pair import Pair, Role
from scaler.core.guard import Judged, Judgement, Queue, Still, Unknown, asked, judge, queue_of
from scaler.core.guard_effect import Circumstances, fired, floor, on_trial, remember
from scaler.core.memory import GuardMemory
from scaler.core.observation import (
    Absent,
    Coverage,
    Histogram,
    Present,
    Quiet,
    Reading,
    RoleSignals,
    Signals,
    Why,
)
from tests.scenarios.cluster import histogram_of

NOBODY_WAITS = Queue(waiting=0, complete=True)
TBT = GuardSpec(metric=GuardMetric.TBT, target_s=0.04)
BOTH = (Role.PREFILL, Role.DECODE)


def waiting(requests: float) -> Present[float]:
    return Present(requests, 1, 1.0, Coverage(1, 1))


def pool(queue: Reading[float]) -> RoleSignals:
    return RoleSignals(ready=1, discovered=1, load=Absent(Why.STALE), waiting=queue)


def at(now_s: float, **changes: object) -> Circumstances:
    base = Circumstances(
        now_s=now_s,
        window_s=60,
        memory_s=3600,
        produced_by=Pair(3, 9),
        in_force=Pair(3, 9),
        maxima=Pair(24, 72),
        roles=BOTH,
        load_role=Role.DECODE,
        load_per_replica_tps=1000,
        load_target_tps=1000,
        prefill_tps=None,
        decode_tps=9000,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def judged(tbt_ms: float, samples: int = 100) -> Judged:
    judgement = judge(TBT, histogram_of(tbt_ms / 1000, 0.9, 0.04, samples), NOBODY_WAITS)
    assert isinstance(judgement, Judged)
    return judgement


@pytest.mark.parametrize(
    ("samples", "waiting", "expected"),
    [
        (20, 0, Judged),
        (19, 0, Still),
        (19, 19, Still),
        (19, 20, Unknown),
        (0, 0, Still),
        (0, 1, Unknown),
        (20, 500, Judged),
    ],
)
def test_few_samples_are_quiet_unless_more_are_waiting(samples: int, waiting: float, expected: type) -> None:
    queue = Queue(waiting=waiting, complete=True)
    assert isinstance(judge(TBT, histogram_of(0.03, 0.9, 0.04, samples), queue), expected)


def test_a_jam_is_said() -> None:
    assert judge(TBT, Quiet(3, 1.0), NOBODY_WAITS) == Still(3)
    assert judge(TBT, Quiet(3, 1.0), Queue(waiting=10, complete=False)) == Unknown(Why.TOO_FEW_SAMPLES, jammed=True)


@pytest.mark.parametrize(
    ("prefill", "decode", "expected"),
    [
        (waiting(3), waiting(4), Queue(waiting=7, complete=True)),
        (waiting(3), Absent(Why.STALE), Queue(waiting=3, complete=False)),
        (waiting(3), Absent(Why.NOT_CONFIGURED), Queue(waiting=3, complete=True)),
        (Absent(Why.NOT_CONFIGURED), Absent(Why.NOT_CONFIGURED), Queue(waiting=0, complete=False)),
    ],
)
def test_an_unknown_queue_is_never_a_short_one(
    prefill: Reading[float], decode: Reading[float], expected: Queue
) -> None:
    signals = Signals(prefill=pool(prefill), decode=pool(decode))
    assert queue_of(signals) == expected


def test_an_absent_histogram_is_unknown_with_its_reason() -> None:
    assert judge(TBT, Absent(Why.SOURCE_DOWN, "refused"), NOBODY_WAITS) == Unknown(Why.SOURCE_DOWN, "refused")


def test_a_target_no_bucket_reaches_is_unknown() -> None:
    reading = Present(Histogram((0.01, 0.025), (0.0, 50.0), 100.0), 100, 1.0, Coverage(1, 1))
    assert judge(TBT, reading, NOBODY_WAITS) == Unknown(Why.ABOVE_LAST_BUCKET)


@pytest.mark.parametrize(("step", "expected"), [(0.0, {}), (1.0, {}), (1.1, {Role.DECODE: 9.9})])
def test_a_tier_asks_for_a_fixed_step_on_what_produced_it(step: float, expected: dict[Role, float]) -> None:
    assert asked(step, (Role.DECODE,), Pair(3, 9)) == pytest.approx(expected)


def raised(memory: GuardMemory, before: Circumstances, after: Pair, tbt_ms: float = 60) -> GuardMemory:
    return on_trial(fired(memory, before), judged=judged(tbt_ms), after=after, at=before)


def test_two_raises_without_effect_set_a_guard_aside_and_a_calm_window_brings_it_back() -> None:
    memory = raised(GuardMemory(), at(0), Pair(4, 11))
    memory = remember(memory, judged(60), at(100, produced_by=Pair(4, 11), in_force=Pair(4, 11)))
    assert (memory.raises_without_effect, memory.ineffective) == (1, False)
    memory = raised(memory, at(100, produced_by=Pair(4, 11), in_force=Pair(4, 11)), Pair(5, 14))
    memory = remember(memory, judged(60), at(200, produced_by=Pair(5, 14), in_force=Pair(5, 14)))
    assert memory.ineffective
    memory = remember(memory, judged(30), at(215))
    assert memory.ineffective
    memory = remember(memory, judged(30), at(275))
    assert not memory.ineffective


@pytest.mark.parametrize(
    ("tbt_ms", "decode_tps", "effective"),
    [
        (60, 9000, False),
        (52, 9000, False),
        (49, 9000, True),  # the slow share fell by more than ten percentage points
        (60, 9900, False),  # a tenth more from two ninths more replicas
        (60, 10_100, True),  # an eighth more: over half of what was added
        (30, 9000, True),
    ],
)
def test_a_raise_is_judged_by_slow_samples_or_by_throughput(tbt_ms: float, decode_tps: float, effective: bool) -> None:
    memory = raised(GuardMemory(), at(0), Pair(4, 11))
    now = at(100, produced_by=Pair(4, 11), in_force=Pair(4, 11), decode_tps=decode_tps)
    assert remember(memory, judged(tbt_ms), now).raises_without_effect == (0 if effective else 1)


def test_a_raise_is_not_judged_before_it_is_ready() -> None:
    memory = raised(GuardMemory(), at(0), Pair(4, 11))
    assert remember(memory, judged(60), at(100, in_force=Pair(4, 11))).raise_in_trial is not None


def test_a_raise_taken_back_is_not_judged() -> None:
    memory = raised(GuardMemory(), at(0), Pair(4, 11))
    after = remember(memory, judged(60), at(100, in_force=Pair(3, 8)))
    assert (after.raise_in_trial, after.raises_without_effect) == (None, 0)


def test_a_firing_is_remembered_for_its_time_and_keeps_the_strictest() -> None:
    memory = fired(GuardMemory(), at(0))
    memory = fired(memory, at(60, load_per_replica_tps=800))
    assert floor(memory, Role.DECODE, 7.2, 1000) == pytest.approx(10)
    assert floor(memory, Role.PREFILL, 7.2, 1000) == 0
    later = remember(memory, judged(30), at(3661))
    assert floor(later, Role.DECODE, 7.2, 1000) == 0


@pytest.mark.parametrize("load_tps", [None, 499.0])
def test_a_load_unknown_or_below_half_the_target_teaches_nothing(load_tps: float | None) -> None:
    assert fired(GuardMemory(), at(0, load_per_replica_tps=load_tps)) == GuardMemory()


def test_a_rising_load_never_makes_a_guard_forget_its_strictest_firing() -> None:
    memory = GuardMemory()
    for tick in range(100):
        memory = fired(memory, at(tick, load_per_replica_tps=750.0 + tick))
    assert floor(memory, Role.DECODE, 6.75, 1000) == pytest.approx(10)


def test_few_samples_are_as_calm_as_good_ones() -> None:
    set_aside = GuardMemory(ineffective=True, raises_without_effect=2)
    memory = remember(set_aside, Still(3), at(0))
    assert remember(memory, Still(3), at(59)).ineffective
    after = remember(memory, Still(3), at(60))
    assert (after.ineffective, after.raises_without_effect) == (False, 0)


def test_prefill_throughput_counts_as_much_as_decodes() -> None:
    memory = raised(GuardMemory(), at(0, prefill_tps=30_000, decode_tps=None), Pair(4, 11))
    ready = {"produced_by": Pair(4, 11), "in_force": Pair(4, 11), "decode_tps": None}
    assert remember(memory, judged(60), at(100, prefill_tps=36_000, **ready)).raises_without_effect == 0
    assert remember(memory, judged(60), at(100, prefill_tps=33_000, **ready)).raises_without_effect == 1


def test_throughput_of_a_role_that_did_not_grow_says_nothing() -> None:
    memory = raised(GuardMemory(), at(0, prefill_tps=30_000, roles=(Role.DECODE,)), Pair(3, 11))
    now = at(100, produced_by=Pair(3, 11), in_force=Pair(3, 11), prefill_tps=60_000, roles=(Role.DECODE,))
    assert remember(memory, judged(60), now).raises_without_effect == 1


def test_an_absent_judgement_is_neither_calm_nor_at_risk() -> None:
    judgement: Judgement = Unknown(Why.STALE)
    memory = remember(GuardMemory(calm_since_s=0.0, needless_since_s=0.0), judgement, at(10))
    assert (memory.calm_since_s, memory.needless_since_s) == (None, None)
