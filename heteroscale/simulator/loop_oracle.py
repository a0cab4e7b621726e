"""The oracle's one number: the smallest headroom with which its plan still reaches the attainment."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

from heteroscale.simulator.cell import Cell, RunRecord

LOW, HIGH = 0.75, 3.0
"""Below the one no plan works, for capacity is what four replicas carry together; the other is more than any needs."""

GUESS = 1.15
"""Where the search begins; most traces end near it."""

CLOSE = 0.01
"""Relative; a hundredth of headroom is less than a replica in all but the largest pools."""


class Run(Protocol):
    """Runs a cell; None where the attainment given with it is out of reach."""

    def __call__(self, cell: Cell, floor_frac: float = 0.0) -> RunRecord | None: ...


def with_least_headroom(cell: Cell, run: Run) -> RunRecord:
    """The run with the smallest headroom that reaches `attained_frac`, by bisection; with the largest if none does.

    Attainment need not be monotone in headroom where one replica more or less changes what waits for whom: the answer
    is a headroom that works while one a hundredth smaller does not.
    """
    wanted = cell.policy.settings.attained_frac

    def reached(headroom: float) -> RunRecord | None:
        record = run(_with(cell, headroom), wanted)
        return record if record is not None and record.figures["slo_attainment_frac"] >= wanted else None

    low, high, best = LOW, HIGH, None
    guess = GUESS
    while high / low > 1 + CLOSE:
        record = reached(guess)
        if record is None:
            low = guess
        else:
            best, high = record, guess
        guess = math.sqrt(low * high) if low > LOW and high < HIGH else _onward(guess, found=best is not None)
        if not LOW < guess < HIGH:
            break
    if best is not None:
        return best
    largest = run(_with(cell, HIGH))
    assert largest is not None  # noqa: S101 - without a floor nothing is given up
    return largest


def _onward(guess: float, *, found: bool) -> float:
    """Until both ends are known: down in small steps, for what fails there costs most, and up in larger ones."""
    return guess * 0.92 if found else guess * 1.2


def _with(cell: Cell, headroom: float) -> Cell:
    return replace(cell, policy=replace(cell.policy, settings=replace(cell.policy.settings, headroom=headroom)))
