"""A ticker over a source that says what it is told, on a clock that moves when told."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.ticker.ticker import NO_PAIRS, Ticker
from scaler.core.observation import Absent, Coverage, Present, Reading, RoleSignals, Signals, Why
from scaler.edge.board import Board, Entry
from scaler.edge.ledger import Ledger
from scaler.edge.signal_source import Instant
from scaler.edge.state_file import StateFile
from tests.scenarios.cluster import histogram_of
from tests.services import service

INTERVAL_S = 15.0
NINE_UNIX_S = 1_795_597_200.0  # a Wednesday, 2026-11-25 09:00 UTC
CHAT = service()
TARGET_TPS = 1900.0


def signals(pair: Pair, decode_tps: float | None, *, discovered: Pair | None = None) -> Signals:
    """What a calm service of this size says; None: the load is unknown."""
    discovered = discovered or pair
    load: Reading[float] = (
        Absent(Why.STALE) if decode_tps is None else Present(decode_tps, 4, 1.0, Coverage(pair.decode, pair.decode))
    )
    none_waiting = Present(0.0, 1, 1.0, Coverage(1, 1))
    return Signals(
        prefill=RoleSignals(
            ready=pair.prefill, discovered=discovered.prefill, load=Absent(Why.NOT_CONFIGURED), waiting=none_waiting
        ),
        decode=RoleSignals(ready=pair.decode, discovered=discovered.decode, load=load, waiting=none_waiting),
        latencies={
            GuardMetric.TTFT: histogram_of(0.5, 0.9, 1.0, 100),
            GuardMetric.TBT: histogram_of(0.02, 0.9, 0.04, 100),
        },
    )


@dataclass
class FakeSource:
    """Says what `says` holds; raises what `raises` holds."""

    says: dict[ServiceKey, Signals] = field(default_factory=dict)
    raises: Exception | None = None
    deadlines_s: list[float] = field(default_factory=list)

    async def observe(
        self, services: Sequence[DisaggregatedService], instant: Instant, *, deadline_s: float
    ) -> Mapping[ServiceKey, Signals]:
        self.deadlines_s.append(deadline_s)
        if self.raises is not None:
            raise self.raises
        return dict(self.says)

    async def close(self) -> None: ...


@dataclass
class Failures:
    """A `TickObserver` and `ReloadObserver` that counts."""

    persist: int = 0
    reload: int = 0

    def persist_failed(self) -> None:
        self.persist += 1

    def reload_failed(self) -> None:
        self.reload += 1


class Disk(StateFile):
    """A state file on a disk that may be full."""

    full = False

    def replace(self, chunks: Iterable[bytes]) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().replace(chunks)


@dataclass
class World:
    """`restart` makes a new process of it, with another monotonic clock, over the same state file."""

    state: Path | None = None
    current: Mapping[ServiceKey, Pair] = field(default_factory=dict)
    now_s: float = 1_000.0
    unix_s: float = NINE_UNIX_S

    def __post_init__(self) -> None:
        self.source = FakeSource()
        self.failures = Failures()
        self.services: tuple[DisaggregatedService, ...] = (CHAT,)
        self.ledger: Ledger | None = None
        self._begin()

    @property
    def instant(self) -> Instant:
        return Instant(now_s=self.now_s, unix_s=self.unix_s)

    def says(self, pair: Pair, decode_tps: float | None, *, discovered: Pair | None = None) -> None:
        self.source.says = {service.key: signals(pair, decode_tps, discovered=discovered) for service in self.services}

    async def tick(self, times: int = 1) -> None:
        """Each at the end of another interval."""
        for _ in range(times):
            self.now_s += INTERVAL_S
            self.unix_s += INTERVAL_S
            await self.ticker.tick(self.services, self.instant)

    def restart(self, *, away_s: float = 5.0, current: Mapping[ServiceKey, Pair] = NO_PAIRS) -> None:
        self.close()
        self.now_s = 50.0
        self.unix_s += away_s
        self.current = current
        self._begin()

    def open_ledger(self, state: Path) -> Ledger:
        self.disk = Disk(state)
        return Ledger.open(self.disk, self.instant)

    def close(self) -> None:
        if self.ledger is not None:
            self.ledger.close()
            self.ledger = None

    def entry(self, key: ServiceKey = CHAT.key) -> Entry:
        entry = self.board.entry(key)
        assert entry is not None
        return entry

    @property
    def decision(self) -> Decision:
        decision = self.entry().decision
        assert decision is not None, self.entry().waiting_for
        return decision

    def _begin(self) -> None:
        self.board = Board(interval_s=INTERVAL_S, now_s=lambda: self.now_s)
        if self.state is not None:
            self.ledger = self.open_ledger(self.state)
        self.ticker = Ticker(
            source=self.source,
            board=self.board,
            ledger=self.ledger,
            interval_s=INTERVAL_S,
            current=self.current,
            observer=self.failures,
        )
