"""The status page says what a decision says, escaped, and marks what needs a person."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from disaggregated_service.core.decision import ReadingNote, ReadingState
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import Mode
from scaler.edge.page import SERVICES_MAX, render_page
from tests.scaler.edge.board_world import CHAT, INTERVAL_S, NINE_UNIX_S, World, busy, decided

VOID = {"meta", "br"}


class Balanced(HTMLParser):
    """Fails at the first tag that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(world: World, not_ready: str = "") -> str:
    html = render_page(world.board, NINE_UNIX_S, not_ready)
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return html


def test_a_busy_service_shows_its_pair_reason_guards_readings_and_conditions() -> None:
    world = World()
    world.publish(world.entry(None, decision=busy()))
    html = page(world)
    for words in (
        "llm/chat-70b",
        "4P 12D -&gt; 5P 15D (load_out)",
        "decode carries more than its target",
        'tbt_p90 <span class="badge warn">forbidding',
        'ttft_p90 <span class="badge bad">absent',
        "11 of 12 replicas · 6 s old",
        "source_slow: no answer within 9 s",
        "GuardCoarse",
        "vllm:generation_tokens_total",
        "P:D wanted 1:3.00, ready 1:2.75",
    ):
        assert words in html


def test_stale_advisory_and_undecided_services_are_told_apart() -> None:
    world = World()
    stale = world.entry(Pair(2, 6), key=ServiceKey("llm", "a"))
    world.clock.now_s += 4 * INTERVAL_S
    shadow = ServiceKey("llm", "b")
    world.publish(
        stale,
        world.entry(None, key=shadow, advisory=True, decision=decided(Pair(3, 9), key=shadow, mode=Mode.ADVISORY)),
        world.entry(None, key=ServiceKey("llm", "c"), waiting_for="20 s of 60 s"),
        world.entry(Pair(4, 12)),
    )
    html = page(world)
    assert "4 services: 1 advisory, 1 in order, 1 stale, 1 undecided" in html
    assert "Too old to be served" in html
    assert "KEDA is told nothing" in html
    assert "20 s of 60 s" in html


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style>&amp;"])
def test_nothing_that_was_read_can_become_markup(hostile: str) -> None:
    world = World()
    note = ReadingNote(
        signal=hostile, state=ReadingState.PRESENT, name_used=hostile, names_missing=(hostile,), covered=1, ready=1
    )
    absent = ReadingNote(signal="ttft", state=ReadingState.ABSENT, why=hostile)
    world.publish(
        world.entry(None, decision=decided(Pair(4, 12), readings=(note, absent))),
        world.entry(None, key=ServiceKey("llm", "chat-8b"), waiting_for=hostile),
    )
    assert hostile not in page(world, not_ready=hostile)


def test_a_thousand_services_do_not_make_a_page_of_a_thousand() -> None:
    world = World()
    keys = [ServiceKey("llm", f"chat-{number}") for number in range(SERVICES_MAX + 7)]
    world.publish(*(world.entry(None, key=key, waiting_for="x") for key in keys))
    html = page(world)
    assert html.count("<article") == SERVICES_MAX
    assert "7 more" in html


def test_an_empty_board_is_a_page_too() -> None:
    html = page(World(), "the first tick has not finished")
    assert "No services yet." in html
    assert "not ready: the first tick has not finished" in html
    assert str(CHAT) not in html
