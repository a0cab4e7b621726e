"""Slots: the places of replicas in the arrays, given out, taken back, and made more when they run out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from heteroscale.simulator.trace import IntArray
from heteroscale.simulator.world.pool import Member


class Slot:
    """A replica's place; what a `Pool` calls its engine."""

    __slots__ = ("_held", "index")

    def __init__(self, index: int, held: Callable[[int], int]) -> None:
        """`held` says how many requests the replica in a slot holds."""
        self.index = index
        self._held = held

    @property
    def idle(self) -> bool:
        return not self._held(self.index)


class FreeSlots:
    """The lowest free one goes first, so that the arrays stay short."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = set(range(count))

    def take(self) -> int | None:
        """None where there are no more: `grow`, then ask again."""
        if not self._free:
            return None
        index = min(self._free)
        self._free.remove(index)
        return index

    def give_back(self, index: int) -> None:
        self._free.add(index)

    def grow(self) -> int:
        """Twice as many; returns how many there are now."""
        self._free.update(range(self.count, 2 * self.count))
        self.count *= 2
        return self.count


def slots_of(members: Sequence[Member[Slot]]) -> IntArray:
    return np.array([member.engine.index for member in members], dtype=np.int64)


def indices(slots: Sequence[Slot]) -> IntArray:
    return np.array([slot.index for slot in slots], dtype=np.int64)
