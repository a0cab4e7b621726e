"""The replicas of one role from birth to end: starting, ready, draining, gone; and the GPU time that is billed for it.

A replica is billed from the moment it is asked for until it has let go of its last request, because its GPUs are
nobody else's meanwhile. It must never know what a replica computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar


class Busy(Protocol):
    """All that a pool asks of an engine: whether it holds no request."""

    @property
    def idle(self) -> bool: ...


E = TypeVar("E", bound=Busy)


class State(Enum):
    """A draining replica takes no new work and finishes what it holds."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


@dataclass(slots=True)
class Member(Generic[E]):
    """One replica: its number since the beginning, which is its name too, and its engine."""

    number: int
    born_s: float
    ready_at_s: float
    state: State
    engine: E
    drained_from_s: float = math.inf


class Pool(Generic[E]):
    """`ready` is kept in order of birth, so that equal loads are told apart the same way every time."""

    def __init__(
        self,
        *,
        make: Callable[[float], E],
        start_up_s: Callable[[int], float],
        load: Callable[[E, float], float],
        replicas: int,
        gone: Callable[[E], None] = lambda _: None,
    ) -> None:
        """`make` builds an engine ready at a time; `start_up_s` says how long the n-th replica takes to start.

        The first `replicas` are ready at 0. `load` is what scale-in compares: the least loaded goes first. `gone` is
        told of every engine that is let go of.
        """
        self._make = make
        self._start_up_s = start_up_s
        self._load = load
        self._gone = gone
        self._born = 0
        self._gone_s = 0.0
        self._gone_served_s = 0.0
        self.members: list[Member[E]] = []
        self.ready: list[E] = []
        self.next_ready_s = math.inf
        for _ in range(replicas):
            self._add(0.0, 0.0)
        self.promote(0.0)

    @property
    def wanted(self) -> int:
        """Replicas that are not on their way out."""
        return sum(member.state is not State.DRAINING for member in self.members)

    def resize(self, replicas: int, now_s: float) -> None:
        """Have this many: raise by new starts; lower by those not started, the youngest first, then by drains."""
        for _ in range(replicas - self.wanted):
            self._add(now_s, now_s + self._start_up_s(self._born))
        for _ in range(self.wanted - replicas):
            self._drop_one(now_s)
        self._refresh()

    def promote(self, now_s: float) -> None:
        """Let those serve that have finished starting by now."""
        for member in self.members:
            if member.state is State.STARTING and member.ready_at_s <= now_s:
                member.state = State.READY
        self._refresh()

    def reap(self, now_s: float, ended_s: Callable[[E], float]) -> None:
        """Bill and forget the drained ones; `ended_s` says when an idle engine let go of its last request."""
        gone = [member for member in self.members if member.state is State.DRAINING and member.engine.idle]
        for member in gone:
            end_s = max(member.drained_from_s, min(now_s, ended_s(member.engine)))
            self._gone_s += end_s - member.born_s
            self._gone_served_s += end_s - member.ready_at_s
            self._remove(member)

    def billed_s(self, now_s: float) -> float:
        """Replica-seconds so far."""
        return self._gone_s + sum(now_s - member.born_s for member in self.members)

    def served_s(self, now_s: float) -> float:
        """Replica-seconds so far after the start-ups."""
        started = (member for member in self.members if member.state is not State.STARTING)
        return self._gone_served_s + sum(now_s - member.ready_at_s for member in started)

    def _add(self, now_s: float, ready_at_s: float) -> None:
        engine = self._make(ready_at_s)
        self.members.append(Member(self._born, now_s, ready_at_s, State.STARTING, engine))
        self._born += 1

    def _drop_one(self, now_s: float) -> None:
        starting = [member for member in self.members if member.state is State.STARTING]
        if starting:
            youngest = starting[-1]
            self._gone_s += now_s - youngest.born_s
            self._remove(youngest)
            return
        ready = [member for member in self.members if member.state is State.READY]
        least = min(ready, key=lambda member: (self._load(member.engine, now_s), -member.number))
        least.state, least.drained_from_s = State.DRAINING, now_s

    def _remove(self, member: Member[E]) -> None:
        self.members.remove(member)
        self._gone(member.engine)

    def _refresh(self) -> None:
        self.ready = [member.engine for member in self.members if member.state is State.READY]
        self.next_ready_s = min(
            (member.ready_at_s for member in self.members if member.state is State.STARTING), default=math.inf
        )
