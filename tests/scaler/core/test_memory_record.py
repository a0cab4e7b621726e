"""A memory written by one process and read by another."""

from __future__ import annotations

import json

import pytest

from disaggregated_service.core.pair import Pair, Role
from scaler.core.memory import Clocks, Firing, GuardMemory, GuardRaise, Memory
from scaler.core.memory_record import DamagedMemoryError, memory_from_data, memory_to_data
from scaler.core.ready_history import ReadyRuns
from scaler.core.start import UNCOUNTED, Beginning, begin, counted
from scaler.core.starting import StartingReplicas

FULL = Memory(
    in_force=Pair(4, 12),
    clocks={Role.PREFILL: Clocks(change_at_s=90.0), Role.DECODE: Clocks(load_raise_at_s=80.0, change_at_s=90.0)},
    ready=ReadyRuns(((50.0, Pair(3, 9)), (95.0, Pair(4, 12)))),
    starting={Role.PREFILL: StartingReplicas(), Role.DECODE: StartingReplicas(((91.0, 2),))},
    counts=((70.0, Pair(3, 9)), (90.0, Pair(4, 12))),
    guards={
        "tbt_p90": GuardMemory(
            firings=(Firing(at_s=60.0, role=Role.DECODE, load_per_replica_tps=1200.0),),
            raise_in_trial=GuardRaise(
                before=Pair(3, 9), after=Pair(4, 12), slow_frac=0.4, prefill_tps=None, decode_tps=9000.0
            ),
            raises_without_effect=1,
            ineffective=True,
            calm_since_s=55.0,
        )
    },
)


def test_ages_survive_another_processs_clock() -> None:
    text = json.dumps(memory_to_data(FULL, now_s=100.0))
    read = memory_from_data(json.loads(text), now_s=5000.0, elapsed_s=30.0)
    again = memory_to_data(read, now_s=5000.0 - 30.0)
    assert again == json.loads(text)
    assert read.clocks[Role.DECODE].load_raise_at_s == pytest.approx(5000.0 - 30.0 - 20.0)


def test_a_wall_clock_set_back_makes_nothing_younger_than_it_was() -> None:
    read = memory_from_data(memory_to_data(FULL, now_s=100.0), now_s=100.0, elapsed_s=-500.0)
    assert read.clocks == FULL.clocks


@pytest.mark.parametrize(
    "damage",
    [
        {"inForce": [4]},
        {"inForce": [-1, 3]},
        {"inForce": ["4", 12]},
        {"clocks": {}},
        {"ready": 7},
        {"guards": {"tbt_p90": {}}},
        {"counts": [["x", [1, 2]]]},
    ],
)
def test_damaged_data_is_named_and_never_guessed(damage: dict[str, object]) -> None:
    data = memory_to_data(FULL, now_s=100.0) | damage
    with pytest.raises(DamagedMemoryError):
        memory_from_data(data, now_s=0.0, elapsed_s=0.0)


def begun(discovered: Pair, persisted: Memory | None, now_s: float = 160.0) -> Memory | str:
    beginning = counted(counted(UNCOUNTED, discovered, 100.0), Pair(1, 1), 130.0)
    return begin(beginning, persisted, now_s=now_s, window_s=60, deadline_s=600)


@pytest.mark.parametrize(
    ("discovered", "expected"),
    [
        (Pair(5, 20), Pair(5, 20)),  # more than was persisted: somebody added replicas
        (Pair(2, 3), Pair(4, 12)),  # fewer: they are lost or not back yet
        (Pair(3, 9), Pair(4, 12)),  # one of them, and the next: between the counts persisted lately
        (Pair(3, 10), Pair(4, 12)),  # between the counts persisted lately: still under way
    ],
)
def test_a_start_takes_the_larger_count_unless_a_change_is_under_way(discovered: Pair, expected: Pair) -> None:
    memory = begun(discovered, FULL)
    assert isinstance(memory, Memory)
    assert memory.in_force == expected


def test_a_count_between_two_persisted_ones_is_a_shrink_under_way() -> None:
    persisted = Memory(in_force=Pair(3, 9), counts=((90.0, Pair(5, 15)), (95.0, Pair(3, 9))))
    memory = begun(Pair(4, 13), persisted)
    assert isinstance(memory, Memory)
    assert memory.in_force == Pair(3, 9)


def test_a_shrink_under_way_is_not_undone_by_a_restart() -> None:
    persisted = Memory(in_force=Pair(3, 9), counts=((90.0, Pair(4, 12)), (95.0, Pair(3, 9))))
    memory = begun(Pair(4, 12), persisted)
    assert isinstance(memory, Memory)
    assert memory.in_force == Pair(3, 9)


def test_a_start_waits_for_a_whole_window() -> None:
    assert isinstance(begun(Pair(4, 12), FULL, now_s=159.0), str)
    assert isinstance(begin(Beginning(), None, now_s=9.0, window_s=60, deadline_s=600), str)


def test_nobody_discovered_and_nothing_persisted_is_no_start() -> None:
    said = begin(counted(UNCOUNTED, Pair(0, 9), 0.0), None, now_s=60.0, window_s=60, deadline_s=600)
    assert isinstance(said, str)
    assert "no prefill replica discovered" in said
