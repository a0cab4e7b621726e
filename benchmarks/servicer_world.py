"""What the benchmarks of KEDA's side share: a board full of decided services, and a core of one's own."""

from __future__ import annotations

import os
import time

from disaggregated_service.core.decision import Decision, Hold
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService, Mode
from disaggregated_service.core.trail import Reason
from scaler.edge.board import Board, Entry
from scaler.edge.keda_server import KedaServerSettings
from tests.services import service


def board_of(services: int, *, decode: int = 12) -> Board:
    """A board on which `llm/chat-0` and so on have fresh decisions."""
    board = Board(interval_s=3600.0, now_s=time.monotonic)
    board.publish(entries(services, sequence=1, pair=Pair(4, decode)))
    return board


def entries(services: int, *, sequence: int, pair: Pair) -> list[Entry]:
    spec = service().spec
    return [
        Entry(
            service=DisaggregatedService(key=key, spec=spec),
            decision=_decision(key, sequence, pair),
            evaluated_at_s=time.monotonic(),
            decided_at_unix_s=time.time(),
        )
        for key in (ServiceKey("llm", f"chat-{number}") for number in range(services))
    ]


def server_options() -> list[tuple[str, object]]:
    return KedaServerSettings().options()


def pin(*, core: int) -> None:
    """Keep this process on one core, where the system can and has as many."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})


def resident_mb() -> float:
    """Memory that this process holds now, in MB; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a path of ours
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def _decision(key: ServiceKey, sequence: int, pair: Pair) -> Decision:
    return Decision(
        service=key,
        sequence=sequence,
        mode=Mode.ACTIVE,
        verdict=Hold(Reason.WITHIN_BAND),
        in_force=pair,
        targets=pair,
        granted=pair,
        published=pair,
        ready=pair,
        discovered=pair,
        trail=(),
    )
