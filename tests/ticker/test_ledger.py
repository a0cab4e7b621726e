from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from disaggregated_service.core.pair import Pair
from heteroscale.coordinator.tick import started_with
from scaler.core.memory import Clocks, Memory
from scaler.core.need_window import NeedWindow
from scaler.edge.ledger import RETIRED_MAX, CannotPersist, Ledger
from scaler.edge.ledger_text import Record
from scaler.edge.signal_source import Instant
from scaler.edge.state_file import StateFile, StateInUse
from tests.scaler.edge.board_world import CHAT, busy
from tests.ticker.world import NINE_UNIX_S

SAVED = Instant(now_s=1000.0, unix_s=NINE_UNIX_S)
MEMORY = replace(
    started_with(Pair(4, 12)).memory,
    clocks={role: Clocks(load_raise_at_s=940.0, change_at_s=990.0) for role in Memory(in_force=Pair(1, 1)).clocks},
    counts=((900.0, Pair(3, 9)), (990.0, Pair(4, 12))),
)
RECORD = Record(memory=MEMORY, decision=busy(), said=Pair(4, 12))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def opened(path: Path, instant: Instant = SAVED) -> Ledger:
    return Ledger.open(StateFile(path), instant)


def content(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, text: bytes) -> None:
    path.write_bytes(text)


async def saved(path: Path, record: Record = RECORD) -> bytes:
    ledger = opened(path)
    await ledger.persist({CHAT: record}, live=[CHAT], sequence=812, instant=SAVED)
    ledger.close()
    return content(path)


async def test_what_was_persisted_is_read_back_with_its_ages_on_the_new_clock(path: Path):
    await saved(path)
    ledger = opened(path, Instant(now_s=50.0, unix_s=NINE_UNIX_S + 30.0))
    record = ledger.record(CHAT)
    assert record is not None
    assert (record.decision, record.said, ledger.sequence) == (RECORD.decision, RECORD.said, 812)
    # 10 s before it was saved, 30 s ago; now is 50.
    assert {clock.change_at_s for clock in record.memory.clocks.values()} == {50.0 - 30.0 - 10.0}
    assert record.memory.counts == ((50.0 - 30.0 - 100.0, Pair(3, 9)), (50.0 - 30.0 - 10.0, Pair(4, 12)))
    ledger.close()


async def test_a_wall_clock_set_back_counts_as_no_time_gone_by(path: Path):
    await saved(path)
    ledger = opened(path, Instant(now_s=50.0, unix_s=NINE_UNIX_S - 86_400.0))
    record = ledger.record(CHAT)
    assert record is not None
    assert {clock.change_at_s for clock in record.memory.clocks.values()} == {40.0}
    ledger.close()


async def test_need_windows_are_no_reason_to_write(path: Path):
    before = await saved(path)
    ledger = opened(path)
    watched = {role: NeedWindow(since_s=1.0, last_s=2.0, maxima=((1.0, 3.0),)) for role in MEMORY.needs}
    same = replace(RECORD, memory=replace(MEMORY, needs=watched))
    later = Instant(now_s=1015.0, unix_s=NINE_UNIX_S + 15)
    await ledger.persist({CHAT: same}, live=[CHAT], sequence=812, instant=later)
    assert content(path) == before
    ledger.close()


async def test_a_changed_memory_is_written_though_the_decision_is_the_same(path: Path):
    before = await saved(path)
    ledger = opened(path)
    changed = replace(RECORD, memory=replace(MEMORY, counts=()))
    await ledger.persist({CHAT: changed}, live=[CHAT], sequence=812, instant=SAVED)
    assert content(path) != before
    ledger.close()


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        pytest.param(lambda old: old[: len(old) // 2], "damaged", id="truncated"),
        pytest.param(lambda _: b"", "damaged", id="empty"),
        pytest.param(lambda _: b"\x00" * 4096, "damaged", id="zeros, as after a power cut"),
        pytest.param(lambda _: b"[" * 100_000, "damaged", id="nested beyond reason"),
        pytest.param(lambda _: b"[]", "damaged", id="a list"),
        pytest.param(lambda old: old.replace(b'"services"', b'"server"'), "damaged", id="no services"),
        pytest.param(
            lambda old: old.replace(b'"sequence":812,"retired"', b'"sequence":NaN,"retired"'),
            "damaged",
            id="NaN",
        ),
        pytest.param(lambda old: old.replace(b"state/v1", b"state/v2"), "newer", id="a newer version"),
        pytest.param(lambda old: old.replace(b"heteroscale.dev/state/v1", b"other"), "damaged", id="another's file"),
    ],
)
async def test_a_file_that_cannot_be_used_is_set_aside_and_never_overwritten(
    path: Path, damage: Callable[[bytes], bytes], kind: str
):
    damaged = damage(await saved(path))
    write(path, damaged)
    ledger = opened(path)
    (message,) = ledger.messages
    (aside,) = path.parent.glob(f"state.json.{kind}-*")
    assert str(aside) in message
    assert aside.name == f"state.json.{kind}-20261125T090000Z"
    assert ledger.record(CHAT) is None
    await ledger.persist({CHAT: RECORD}, live=[CHAT], sequence=1, instant=SAVED)
    assert content(aside) == damaged
    ledger.close()


async def test_files_set_aside_in_the_same_second_do_not_overwrite_each_other(path: Path):
    for damaged in (b"one", b"two"):
        write(path, damaged)
        opened(path).close()
    assert {aside.read_bytes() for aside in path.parent.glob("state.json.damaged-*")} == {b"one", b"two"}


async def test_one_damaged_service_does_not_cost_the_others_their_memory(path: Path):
    document = json.loads(await saved(path))
    document["services"]["llm/broken"] = {**document["services"][str(CHAT)], "memory": {"inForce": [4, -12]}}
    write(path, json.dumps(document).encode())
    ledger = opened(path)
    assert ledger.record(CHAT) is not None
    assert ledger.record(replace(CHAT, name="broken")) is None
    (message,) = ledger.messages
    assert "llm/broken" in message
    (aside,) = path.parent.glob("state.json.damaged-*")
    assert json.loads(aside.read_bytes()) == document
    ledger.close()


async def test_two_processes_cannot_share_one_state_file(path: Path):
    first = opened(path)
    with pytest.raises(StateInUse, match="in use by another process"):
        opened(path)
    first.close()
    opened(path).close()


async def test_a_write_that_fails_leaves_the_old_file_and_is_tried_again(path: Path):
    before = await saved(path)
    ledger = opened(path)
    (path.parent / "state.json.new").symlink_to("/dev/full")
    changed = replace(RECORD, said=None)
    with pytest.raises(CannotPersist, match="No space left on device"):
        await ledger.persist({CHAT: changed}, live=[CHAT], sequence=813, instant=SAVED)
    assert content(path) == before
    assert (ledger.record(CHAT), ledger.sequence) == (RECORD, 812)
    await ledger.persist({CHAT: changed}, live=[CHAT], sequence=813, instant=SAVED)
    assert json.loads(content(path))["sequence"] == 813
    ledger.close()


def test_a_folder_that_cannot_be_written_is_said_at_the_start():
    with pytest.raises(OSError, match=r"denied|not permitted|Read-only|No such"):
        opened(Path("/sys/state.json"))  # not even root may


def test_a_folder_that_does_not_exist_is_said_at_the_start(path: Path):
    with pytest.raises(OSError, match="No such file"):
        opened(path.parent / "nowhere" / "state.json")


async def test_forgotten_services_are_bounded_in_number(path: Path):
    ledger = opened(path)
    keys = [replace(CHAT, name=f"s{n:04d}") for n in range(RETIRED_MAX + 20)]
    await ledger.persist(dict.fromkeys(keys, RECORD), live=keys, sequence=1, instant=SAVED)
    await ledger.persist({}, live=[], sequence=1, instant=SAVED)
    await ledger.persist({}, live=[], sequence=2, instant=SAVED)
    assert sum(ledger.record(key) is not None for key in keys) == RETIRED_MAX
    ledger.close()


@pytest.mark.parametrize("damage", [b"1e999", b"1" + b"0" * 400, b'"nan"'])
async def test_a_number_beyond_all_numbers_is_damage_and_no_reason_not_to_start(path: Path, damage: bytes):
    whole = await saved(path)
    write(path, whole.replace(b'"changeAgeS":10.0', b'"changeAgeS":' + damage, 1))
    ledger = opened(path)
    (message,) = ledger.messages
    assert "starting without llm/chat-70b" in message
    assert ledger.record(CHAT) is None
    ledger.close()
