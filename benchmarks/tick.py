"""What one tick over a thousand services costs, a tenth of them moving, readings given.

    python -m benchmarks.tick [--profile]

The real ticker, board, ledger and metrics; only the readings are given and the disk is left out. CPU time of the
process, all threads; the median tick decides. Resident memory is the peak of the whole process.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import resource
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tick_world import INTERVAL_S, PERIOD_TICKS, GivenSource, NoDisk, service
from disaggregated_service.core.decision import Scale
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.coordinator.placement import grant_everything
from heteroscale.coordinator.tick import State, started_with, tick
from heteroscale.ticker.collector import look_seldom
from heteroscale.ticker.round_metrics import RoundMetrics
from heteroscale.ticker.ticker import Ticker
from scaler.core.observation import Observation
from scaler.edge.board import HISTORY_MAX, Board, history_max
from scaler.edge.ledger import Ledger
from scaler.edge.signal_source import Instant
from scaler.edge.telemetry import Telemetry

CPU_MS_MAX = 250.0
RESIDENT_MB_MAX = 200.0


@dataclass
class Measured:
    """Milliseconds of CPU a tick, and the share of services that scaled."""

    whole_ms: list[float] = field(default_factory=list)
    core_ms: list[float] = field(default_factory=list)
    moving_frac: list[float] = field(default_factory=list)
    state_bytes: int = 0
    decision_bytes: float = 0.0  # resident, of one more decision in the history
    history_frac: float = 0.0  # of the history that a board may keep


async def measure(services: int, ticks: int, folder: Path, profile: cProfile.Profile | None) -> Measured:
    """A whole period to warm up, then `ticks` that count."""
    fleet = [service(number) for number in range(services)]
    source, now_s, measured = GivenSource(fleet), 1_000.0, Measured()
    board = Board(interval_s=INTERVAL_S, now_s=lambda: now_s)
    disk = NoDisk(folder / "state.json")
    ledger = Ledger.open(disk, Instant(now_s=now_s, unix_s=now_s))
    telemetry = Telemetry(board, version="benchmark")
    rounds = RoundMetrics(telemetry, board, interval_s=INTERVAL_S, now_s=lambda: now_s)
    current = {one.key: Pair(4, 12) for one in fleet}
    ticker = Ticker(source=source, board=board, ledger=ledger, interval_s=INTERVAL_S, current=current)
    states: dict[ServiceKey, State] = {key: started_with(pair) for key, pair in current.items()}
    resident = kept = 0
    for number in range(PERIOD_TICKS + ticks):
        if number == PERIOD_TICKS:
            resident, kept = _resident_bytes(), _kept(board)
        now_s += INTERVAL_S
        instant = Instant(now_s=now_s, unix_s=now_s)
        decided = {entry.service.key: entry.decision for entry in board.entries()}
        source.prepare(number, {key: one.granted for key, one in decided.items() if one is not None})
        counts = number >= PERIOD_TICKS
        if profile is not None and counts:
            profile.enable()
        began_s = time.process_time()
        await ticker.tick(fleet, instant)
        rounds.round_finished(0.0)
        whole_s = time.process_time() - began_s
        if profile is not None:
            profile.disable()
        core_s, states = await _core_alone(fleet, source, states, instant)
        if counts:
            measured.whole_ms.append(whole_s * 1e3)
            measured.core_ms.append(core_s * 1e3)
            scaled = [isinstance(entry.decision.verdict, Scale) for entry in board.entries() if entry.decision]
            measured.moving_frac.append(sum(scaled) / services)
    measured.decision_bytes = max(0, _resident_bytes() - resident) / max(1, _kept(board) - kept)
    measured.history_frac = _kept(board) / (history_max(services) * services)
    measured.state_bytes = disk.bytes_written
    ledger.close()
    return measured


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * resource.getpagesize()


def _kept(board: Board) -> int:
    return sum(len(board.history(entry.service.key, HISTORY_MAX)) for entry in board.entries())


async def _core_alone(
    fleet: Sequence[DisaggregatedService], source: GivenSource, states: Mapping[ServiceKey, State], instant: Instant
) -> tuple[float, dict[ServiceKey, State]]:
    """The same tick once more, without what is around it."""
    signals = await source.observe(fleet, instant, deadline_s=1.0)
    observations = {key: Observation(signals=one) for key, one in signals.items()}
    began_s = time.process_time()
    result = tick(fleet, observations, states, now_s=instant.now_s, sequence=0, place=grant_everything)
    return time.process_time() - began_s, {key: outcome.state for key, outcome in result.outcomes.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=60)
    parser.add_argument("--profile", action="store_true", help="print where the time goes (and slow it down)")
    arguments = parser.parse_args()
    look_seldom()
    profile = cProfile.Profile() if arguments.profile else None
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(measure(arguments.services, arguments.ticks, Path(folder), profile))
    resident_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    whole_ms = statistics.median(measured.whole_ms)
    core_ms = statistics.median(measured.core_ms)
    print(f"{arguments.services} services, {statistics.mean(measured.moving_frac):.0%} of them scale at a tick")
    print(f"{'':28}{'median':>10}{'worst':>10}{'budget':>10}{'of it':>8}")
    print(
        f"{'one tick, ms of CPU':28}{whole_ms:10.0f}{max(measured.whole_ms):10.0f}{CPU_MS_MAX:10.0f}"
        f"{whole_ms / CPU_MS_MAX:8.0%}"
    )
    print(f"{'  of which the core':28}{core_ms:10.0f}{max(measured.core_ms):10.0f}")
    print(
        f"{'resident memory, MB':28}{resident_mb:10.0f}{'':10}{RESIDENT_MB_MAX:10.0f}"
        f"{resident_mb / RESIDENT_MB_MAX:8.0%}"
    )
    full_mb = (
        resident_mb
        + (1 - measured.history_frac)
        * history_max(arguments.services)
        * arguments.services
        * measured.decision_bytes
        / 1e6
    )
    print(
        f"{'  once histories are full':28}{full_mb:10.0f}{'':10}{RESIDENT_MB_MAX:10.0f}{full_mb / RESIDENT_MB_MAX:8.0%}"
    )
    print(f"{'state file, MB':28}{measured.state_bytes / 1e6:10.1f}")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
