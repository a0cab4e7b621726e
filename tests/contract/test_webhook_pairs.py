"""Every review pair through the HTTPS server: the same patch and the same reason as from the pure function."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from placement_webhook.core.reason import Reason
from placement_webhook.edge.placement_judge import PlacementJudge, result_of
from placement_webhook.edge.plan_file import PlanFiles
from placement_webhook.edge.recent import RecentAdmissions
from placement_webhook.edge.verdict import Result
from tests.placement_webhook.edge.webhook_world import patch_in, patched, review, served
from tests.placement_webhook.review_pair import Pair, all_pairs


@pytest.mark.parametrize("pair", [pytest.param(pair, id=pair.name) for pair in all_pairs()])
async def test_the_server_answers_as_the_pair_says(pair: Pair, tmp_path: Path) -> None:
    plan, nodes = tmp_path / "plan.yaml", tmp_path / "nodes.json"
    plan.write_text(pair.plan_text)
    nodes.write_text(pair.nodes_text)
    failures: list[str] = []
    files = PlanFiles(plan, nodes, failures.append)
    files.refresh()
    assert failures == [], files.problem
    judge = PlacementJudge(lambda: files.snapshot, RecentAdmissions(), time.time)
    async with served(tmp_path, judge) as webhook:
        status, answer = await webhook.post(review(pair.pod, namespace=pair.namespace))
        patch = patch_in(answer)
        assert status == 200
        assert patch == pair.expected.get("patch", [])
        patched(pair.pod, patch)
        reason = Reason(pair.expected["reason"])
        result = Result.APPLIED if patch else result_of(reason)
        assert webhook.reviews(result, reason) == 1
