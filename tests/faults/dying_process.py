"""A process of its own that is killed with -9 while it persists a raise: `dying_process.py STATE MOMENT`.

It prints every pair that anybody could have read, then dies at its second write, at the moment named.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from disaggregated_service.core.pair import Pair
from scaler.edge.ledger import Ledger
from scaler.edge.state_file import StateFile
from tests.ticker.world import CHAT, TARGET_TPS, World

MOMENTS = ("before", "half_written", "written")


class DyingDisk(StateFile):
    """Kills its own process at the second write."""

    def __init__(self, path: Path, moment: str) -> None:
        super().__init__(path)
        self._moment = moment
        self._writes = 0

    def replace(self, chunks: Iterable[bytes]) -> None:
        self._writes += 1
        if self._writes == 1:
            super().replace(chunks)
            return
        if self._moment == "half_written":
            text = b"".join(chunks)
            self.path.with_name(self.path.name + ".new").write_bytes(text[: len(text) // 2])
        elif self._moment == "written":
            super().replace(chunks)
        os.kill(os.getpid(), signal.SIGKILL)


class DyingWorld(World):
    """A world whose disk kills it."""

    moment = ""

    def open_ledger(self, state: Path) -> Ledger:
        return Ledger.open(DyingDisk(state, self.moment), self.instant)


async def main(state: Path, moment: str) -> None:
    DyingWorld.moment = moment
    world = DyingWorld(state=state, current={CHAT.key: Pair(4, 12)})
    world.board.listen(lambda: print(world.decision.published, flush=True))  # noqa: T201
    world.says(Pair(4, 12), 12 * TARGET_TPS)
    await world.tick()
    world.says(Pair(4, 12), 16 * TARGET_TPS)
    await world.tick()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
