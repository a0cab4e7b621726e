"""The judge that places: one immutable snapshot, the pods seen in it, and this process's own recent admissions.

It must never know how a placement is found, or how a verdict is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from placement_webhook.core.placement import Leave, Placed, place
from placement_webhook.core.reason import Reason
from placement_webhook.core.view import Slot
from placement_webhook.edge.plan_file import Snapshot
from placement_webhook.edge.recent import RecentAdmissions
from placement_webhook.edge.verdict import Admission, Failopen, Result, Verdict

STALE_S = 3600.0  # a plan is written every few seconds while its author lives

_SKIPPED = frozenset({Reason.MIRROR, Reason.SKIPPED, Reason.BOUND, Reason.DAEMON_SET, Reason.NOT_A_ROLE, Reason.NO_GPU})
_NOOP = frozenset({Reason.ADVISORY, Reason.NO_AFFINITY, Reason.NOTHING_TO_ASK, Reason.ALREADY_PLACED})


class PlacementJudge:
    """snapshot: the newest, None before the first. unix_s: the wall clock, for the plan's age."""

    def __init__(
        self, snapshot: Callable[[], Snapshot | None], recent: RecentAdmissions, unix_s: Callable[[], float]
    ) -> None:
        self._snapshot = snapshot
        self._recent = recent
        self._unix_s = unix_s

    def judge(self, pod: Mapping[str, Any], namespace: str, now_s: float) -> Verdict:
        """What becomes of the pod; nothing is remembered here."""
        snapshot = self._snapshot()
        if snapshot is None:
            return Verdict(result=Result.FAILOPEN, reason=Failopen.UNSYNCED)
        recent = _Recent(self._recent, now_s)
        outcome = place(pod, namespace, snapshot.view, snapshot.nodes, snapshot.pods, recent, snapshot.memo)
        match outcome:
            case Leave(reason=reason, message=message):
                return Verdict(result=result_of(reason), reason=reason, message=message)
            case Placed():
                return Verdict(
                    result=Result.APPLIED,
                    reason=outcome.reason,
                    patch=outcome.patch,
                    message=outcome.message,
                    stale=self._unix_s() - snapshot.planned_unix_s > STALE_S,
                    admission=recent.admission(outcome.groups) if outcome.reason is Reason.PLACED else None,
                )

    def remember(self, admission: Admission, now_s: float) -> None:
        """Count it until the pod is seen."""
        self._recent.add(admission.slot, admission.group, now_s)


def result_of(reason: Reason) -> Result:
    """What leaving a pod alone for this reason is counted as: whatever we cannot excuse is a failure of ours."""
    if reason in _SKIPPED:
        return Result.SKIPPED
    return Result.NOOP if reason in _NOOP else Result.FAILOPEN


class _Recent(Mapping[Slot, Mapping[str, int]]):
    """Own recent admissions, looked up only for the slot that is asked about."""

    def __init__(self, recent: RecentAdmissions, now_s: float) -> None:
        self._recent = recent
        self._now_s = now_s
        self._asked: Slot | None = None

    def admission(self, groups: tuple[str, ...]) -> Admission | None:
        """To the first group, which is the preferred one."""
        return None if self._asked is None or not groups else Admission(slot=self._asked, group=groups[0])

    def __getitem__(self, slot: Slot) -> Mapping[str, int]:
        """Always there: an unknown slot has no pods."""
        self._asked = slot
        return self._recent.of(slot, self._now_s)

    def __iter__(self) -> Iterator[Slot]:
        return iter(())

    def __len__(self) -> int:
        return 0
