from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from heteroscale.ticker.schedule import on_schedule


class EnoughError(Exception):
    """Ends a schedule that would go on for ever."""


@dataclass
class Play:
    """Acts take as long as they are told; the clock moves by acts and sleeps alone."""

    takes_s: list[float]
    now_s: float = 100.0
    began_s: list[float] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    running: int = 0

    async def act(self) -> None:
        if len(self.began_s) == len(self.takes_s):
            raise EnoughError
        assert self.running == 0
        self.running += 1
        self.began_s.append(self.now_s)
        self.now_s += self.takes_s[len(self.began_s) - 1]
        await asyncio.sleep(0)
        self.running -= 1

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now_s += seconds


@pytest.mark.parametrize(
    ("takes_s", "began_s", "missed"),
    [
        pytest.param([1, 1, 1], [100, 115, 130], [], id="on its slots, however long an act takes"),
        pytest.param([15, 1, 1], [100, 115, 130], [], id="exactly an interval is no overrun"),
        pytest.param([16, 1, 1], [100, 130, 145], [1], id="an overrun leaves out one slot"),
        pytest.param([50, 1, 1], [100, 160, 175], [3], id="a long one three, and there is no burst after it"),
    ],
)
async def test_acts_begin_on_fixed_slots_never_two_at_once(
    takes_s: list[float], began_s: list[float], missed: list[int]
):
    play = Play(takes_s)
    with pytest.raises(EnoughError):
        await on_schedule(
            play.act, interval_s=15.0, now_s=lambda: play.now_s, sleep=play.sleep, missed=play.missed.append
        )
    assert play.began_s == began_s
    assert play.missed == missed
