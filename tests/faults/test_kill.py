from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from disaggregated_service.core.pair import Pair
from tests.faults import dying_process
from tests.ticker.world import World

ROOT = Path(__file__).resolve().parents[2]


def killed(state: Path, moment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.dying_process", state, moment],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("moment", dying_process.MOMENTS)
async def test_a_process_killed_between_decision_and_answer_is_continued_and_never_asks_for_fewer(
    tmp_path: Path, moment: str
):
    state = tmp_path / "state.json"
    died = killed(state, moment)
    assert died.returncode == -9, died.stderr
    assert died.stdout.splitlines() == ["4P 12D"]  # the raise was never readable: it was not persisted yet
    world = World(state=state, now_s=7.0)
    assert world.ledger is not None
    assert world.ledger.messages == ()
    world.says(Pair(4, 12), 0.0)
    published: set[Pair | None] = set()
    for _ in range(20):
        await world.tick()
        decision = world.entry().decision
        published.add(decision.published if decision is not None else None)
    world.close()
    raised = Pair(6, 16) if moment == "written" else Pair(4, 12)
    assert published == {None, raised}
