from __future__ import annotations

from disaggregated_service.core.pair import Role, ServiceKey
from placement_webhook.edge.recent import RecentAdmissions

DECODE = (ServiceKey("llm", "chat"), Role.DECODE, "")
PREFILL = (ServiceKey("llm", "chat"), Role.PREFILL, "")


def test_admissions_count_per_slot_and_group_until_they_are_forgotten() -> None:
    recent = RecentAdmissions(remembered_s=30.0)
    recent.add(DECODE, "a", 0.0)
    recent.add(DECODE, "a", 10.0)
    recent.add(DECODE, "b", 10.0)
    recent.add(PREFILL, "a", 10.0)
    assert recent.of(DECODE, 29.9) == {"a": 2, "b": 1}
    assert recent.of(DECODE, 30.0) == {"a": 1, "b": 1}
    assert recent.of(PREFILL, 30.0) == {"a": 1}
    assert recent.of(DECODE, 40.0) == {}
    assert len(recent) == 0


def test_the_oldest_makes_room() -> None:
    recent = RecentAdmissions(entries_max=2)
    for group in ("a", "b", "c"):
        recent.add(DECODE, group, 0.0)
    assert recent.of(DECODE, 0.0) == {"b": 1, "c": 1}
