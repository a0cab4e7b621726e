"""From the bytes of a review to the bytes of its answer: always allowing, with a patch only where all is in order.

`failurePolicy: Ignore` forgives a webhook that does not answer, but not one whose patch does not apply: that fails the
pod's creation. So a patch is tried on the received object first, and any doubt, lateness or exception is an admission
without one, counted with its reason. It must never know how a placement is found, or who listens on which socket.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from placement_webhook.core.json_patch import Patch, applied
from placement_webhook.edge.review import Malformed, NotOurs, PodReview, Unanswerable, read_review, write_answer
from placement_webhook.edge.telemetry import Telemetry
from placement_webhook.edge.verdict import Admission, Failopen, Result, Verdict

log = logging.getLogger(__name__)

OPERATIONS_MAX = 512  # 64 terms with a handful of expressions each stay well below

OURS = ("/spec/affinity", "/spec/schedulingGates", "/metadata/annotations")
"""The only fields a patch may touch, each with what lies below it."""


class Judge(Protocol):
    """Finds the placement of a pod."""

    def judge(self, pod: Mapping[str, Any], namespace: str, now_s: float) -> Verdict:
        """Without any side effect; may raise anything."""
        ...

    def remember(self, admission: Admission, now_s: float) -> None:
        """The verdict has been sent, and was not for a dry run."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, and a body that is JSON with 200 and text otherwise."""

    status: int
    body: bytes


class Reviewer:
    """Stateless but for what it counts. now_s: the monotonic clock."""

    def __init__(self, judge: Judge, telemetry: Telemetry, now_s: Callable[[], float]) -> None:
        self._judge = judge
        self._telemetry = telemetry
        self._now_s = now_s

    def answer(self, body: bytes, *, arrived_s: float, answer_by_s: float) -> Answer:
        """Never raises, never rejects."""
        review = read_review(body)
        if isinstance(review, Unanswerable):
            self._count(Verdict(result=Result.FAILOPEN, reason=review.why), arrived_s, 0)
            return Answer(400, f"no AdmissionReview that could be answered: {review.why}\n".encode())
        verdict = self._verdict(review, answer_by_s)
        sent, patch_bytes = self._write(review.uid, verdict)
        self._count(verdict, arrived_s, patch_bytes)
        if isinstance(review, PodReview) and verdict.admission is not None and not review.dry_run:
            self._judge.remember(verdict.admission, self._now_s())
        return Answer(200, sent)

    def _verdict(self, review: PodReview | NotOurs | Malformed, answer_by_s: float) -> Verdict:
        if isinstance(review, NotOurs):
            return Verdict(result=Result.SKIPPED, reason=review.why)
        if isinstance(review, Malformed):
            return Verdict(result=Result.FAILOPEN, reason=review.why)
        if self._now_s() >= answer_by_s:
            return _failopen(Failopen.LATE)
        try:
            verdict = self._judge.judge(review.pod, review.namespace, self._now_s())
            doubt = why_not_sent(review.pod, verdict.patch) if verdict.patch else None
        except Exception:
            log.exception("a pod in namespace %r goes in untouched", review.namespace[:80])
            return _failopen(Failopen.INTERNAL_ERROR)
        if doubt is not None:
            log.error("a patch for a pod in namespace %r is held back: %s", review.namespace[:80], doubt)
            return _failopen(doubt)
        return _failopen(Failopen.LATE) if self._now_s() >= answer_by_s else verdict

    def _write(self, uid: str, verdict: Verdict) -> tuple[bytes, int]:
        notes = {"result": verdict.result.value, "reason": str(verdict.reason)}
        if verdict.message:
            notes["message"] = verdict.message
        warning = f"heteroscale: {verdict.message}" if verdict.result is Result.FAILOPEN and verdict.message else ""
        return write_answer(uid, patch=verdict.patch, notes=notes, warning=warning)

    def _count(self, verdict: Verdict, arrived_s: float, patch_bytes: int) -> None:
        self._telemetry.reviewed(verdict.result, verdict.reason, self._now_s() - arrived_s, patch_bytes)
        if verdict.stale and verdict.result is Result.APPLIED:
            self._telemetry.placed_by_stale_plan()


def why_not_sent(pod: Mapping[str, Any], patch: Patch) -> Failopen | None:
    """What is wrong with a patch for this pod, tried on it; the pod itself stays as it was."""
    if len(patch) > OPERATIONS_MAX:
        return Failopen.PATCH_TOO_LARGE
    if not all(operation["op"] == "add" and _is_ours(operation["path"]) for operation in patch):
        return Failopen.PATCH_OUT_OF_PLACE
    try:
        applied(pod, patch)
    except Exception:  # noqa: BLE001 - whatever it stumbles over, the API server would too
        return Failopen.PATCH_DOES_NOT_APPLY
    return None


def _is_ours(path: str) -> bool:
    return any(path == own or path.startswith(f"{own}/") for own in OURS)


def _failopen(why: Failopen) -> Verdict:
    return Verdict(result=Result.FAILOPEN, reason=why)
