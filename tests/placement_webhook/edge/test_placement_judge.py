from __future__ import annotations

import pytest

from disaggregated_service.core.pair import Role, ServiceKey
from disaggregated_service.edge.plan_stream import read_plan
from placement_webhook.core.node_index import build_index
from placement_webhook.core.reason import PLACED_REASONS, Reason
from placement_webhook.core.view import PlacementView
from placement_webhook.edge.cluster_view import known_nodes
from placement_webhook.edge.placement_judge import PlacementJudge, result_of
from placement_webhook.edge.plan_file import Snapshot
from placement_webhook.edge.recent import RecentAdmissions
from placement_webhook.edge.verdict import Result
from tests.placement_webhook.edge.plan_text import CHAT, TWO_DOMAINS, plan_text, pod

DECODE = (ServiceKey("llm", "chat"), Role.DECODE, "")


def snapshot() -> Snapshot:
    read = read_plan(plan_text(CHAT))
    view = PlacementView(services=tuple((one.service, one.groups) for one in read.services), profiles=read.profiles)
    return Snapshot(view=view, nodes=build_index(known_nodes(TWO_DOMAINS)), pods={}, planned_unix_s=1000.0)


def test_before_there_is_a_plan_nothing_is_placed() -> None:
    verdict = PlacementJudge(lambda: None, RecentAdmissions(), lambda: 0.0).judge(pod("chat", "decode"), "llm", 0.0)
    assert (verdict.result, verdict.reason) == (Result.FAILOPEN, "unsynced")


@pytest.mark.parametrize(("age_s", "stale"), [(0.0, False), (3600.0, False), (86_400.0, True)])
def test_an_old_plan_is_applied_and_said_to_be_old(age_s: float, stale: bool) -> None:
    judge = PlacementJudge(snapshot, RecentAdmissions(), lambda: 1000.0 + age_s)
    verdict = judge.judge(pod("chat", "decode"), "llm", 0.0)
    assert (verdict.result, verdict.stale) == (Result.APPLIED, stale)


def test_own_admissions_move_the_preference_until_they_are_forgotten() -> None:
    recent = RecentAdmissions(remembered_s=30.0)
    judge = PlacementJudge(snapshot, recent, lambda: 1000.0)
    chosen = []
    for number in range(6):
        verdict = judge.judge(pod("chat", "decode"), "llm", float(number))
        assert verdict.admission is not None
        assert verdict.admission.slot == DECODE
        judge.remember(verdict.admission, float(number))
        chosen.append(verdict.admission.group)
    assert sorted(chosen) == ["chat-a"] * 3 + ["chat-b"] * 3
    assert chosen[:2] == ["chat-a", "chat-b"]
    assert len(recent) == 6
    judge.judge(pod("chat", "decode"), "llm", 60.0)
    assert len(recent) == 0


def test_every_reason_has_a_result() -> None:
    results = {reason: result_of(reason) for reason in Reason if reason not in PLACED_REASONS}
    assert results[Reason.NOT_A_ROLE] is Result.SKIPPED
    assert results[Reason.ALREADY_PLACED] is Result.NOOP
    assert results[Reason.CONFLICT] is Result.FAILOPEN
    assert results[Reason.MALFORMED_POD] is Result.FAILOPEN
