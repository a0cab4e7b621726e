"""Admission reviews over HTTPS: what is answered, what is refused, and that nothing is ever rejected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from disaggregated_service.core.pair import Role, ServiceKey
from placement_webhook.edge.verdict import Admission, Result, Verdict
from tests.placement_webhook.edge.webhook_world import PATCH, POD, FakeJudge, patch_in, review, served

ADMISSION = Admission(slot=(ServiceKey("llm", "chat"), Role.DECODE, ""), group="chat-a")
PLACED = Verdict(result=Result.APPLIED, reason="placed", patch=PATCH, message="into chat-a", admission=ADMISSION)


async def test_a_patch_comes_with_its_type_the_uid_and_a_note(tmp_path: Path) -> None:
    judge = FakeJudge(PLACED)
    async with served(tmp_path, judge) as webhook:
        status, answer = await webhook.post(review(uid="abc"))
        assert status == 200
        assert patch_in(answer) == list(PATCH)
        assert answer["response"]["uid"] == "abc"
        assert answer["response"]["auditAnnotations"] == {
            "result": "applied",
            "reason": "placed",
            "message": "into chat-a",
        }
        assert webhook.reviews("applied", "placed") == 1
        assert webhook.counted("patch_bytes_count") == 1
        assert judge.remembered == [ADMISSION]


async def test_without_a_patch_there_is_no_patch_type_either(tmp_path: Path) -> None:
    verdict = Verdict(result=Result.SKIPPED, reason="not_a_role")
    async with served(tmp_path, FakeJudge(verdict)) as webhook:
        _, answer = await webhook.post(review())
        assert patch_in(answer) == []
        assert "warnings" not in answer["response"]
        assert webhook.reviews("skipped", "not_a_role") == 1


async def test_a_dry_run_gets_the_same_answer_and_is_not_remembered(tmp_path: Path) -> None:
    judge = FakeJudge(PLACED)
    async with served(tmp_path, judge) as webhook:
        _, wet = await webhook.post(review())
        judge.remembered.clear()
        _, dry = await webhook.post(review(dryRun=True))
        assert dry == wet
        assert judge.remembered == []


async def test_a_warning_says_what_failed_and_stays_short(tmp_path: Path) -> None:
    verdict = Verdict(result=Result.FAILOPEN, reason="conflict", message="x" * 1000)
    async with served(tmp_path, FakeJudge(verdict)) as webhook:
        _, answer = await webhook.post(review())
        (warning,) = answer["response"]["warnings"]
        assert warning.startswith("heteroscale: xxx")
        assert len(warning) < 256


@pytest.mark.parametrize(
    ("request_fields", "reason"),
    [
        ({"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}}, "other_kind"),
        ({"kind": "Pod"}, "other_kind"),
        ({"operation": "UPDATE"}, "other_operation"),
        ({"operation": "DELETE", "object": None}, "other_operation"),
        ({"subResource": "binding"}, "subresource"),
    ],
)
async def test_what_is_not_a_pods_creation_is_let_through(
    tmp_path: Path, request_fields: dict[str, Any], reason: str
) -> None:
    async with served(tmp_path) as webhook:
        status, answer = await webhook.post(review(**request_fields))
        assert (status, patch_in(answer)) == (200, [])
        assert webhook.reviews("skipped", reason) == 1


@pytest.mark.parametrize(
    ("request_fields", "reason"),
    [
        ({"object": None}, "bad_object"),
        ({"object": [POD]}, "bad_object"),
        ({"namespace": None}, "bad_namespace"),
        ({"namespace": ""}, "bad_namespace"),
        ({"namespace": 7}, "bad_namespace"),
    ],
)
async def test_a_review_that_has_only_a_uid_is_allowed(
    tmp_path: Path, request_fields: dict[str, Any], reason: str
) -> None:
    async with served(tmp_path) as webhook:
        status, answer = await webhook.post(review(**request_fields))
        assert (status, patch_in(answer)) == (200, [])
        assert answer["response"]["uid"] == review()["request"]["uid"]
        assert webhook.reviews("failopen", reason) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "not_a_review"),
        (b"null", "not_a_review"),
        (json.dumps(review() | {"apiVersion": "admission.k8s.io/v1beta1"}).encode(), "not_a_review"),
        (json.dumps(review() | {"request": None}).encode(), "not_a_review"),
        (json.dumps(review(uid=7)).encode(), "bad_uid"),
        (json.dumps(review(uid=["a"])).encode(), "bad_uid"),
        (json.dumps(review(uid=None)).encode(), "bad_uid"),
        (json.dumps(review(uid="")).encode(), "bad_uid"),
        (json.dumps(review(uid="x" * 500)).encode(), "bad_uid"),
    ],
)
async def test_without_a_uid_there_is_nothing_to_answer_but_a_reason(tmp_path: Path, body: bytes, reason: str) -> None:
    async with served(tmp_path) as webhook:
        status, text = await webhook.post(body)
        assert status == 400
        assert reason in text
        assert webhook.reviews("failopen", reason) == 1


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (RuntimeError("a bug"), "internal_error"),
        (RecursionError(), "internal_error"),
        (
            Verdict(
                result=Result.APPLIED,
                reason="placed",
                patch=({"op": "add", "path": "/spec/affinity/nodeAffinity", "value": {}},),
            ),
            "patch_does_not_apply",
        ),
        (
            Verdict(
                result=Result.APPLIED, reason="placed", patch=({"op": "add", "path": "/spec/hostPID", "value": True},)
            ),
            "patch_out_of_place",
        ),
        (
            Verdict(
                result=Result.APPLIED, reason="placed", patch=({"op": "test", "path": "/spec/affinity", "value": 1},)
            ),
            "patch_out_of_place",
        ),
        (Verdict(result=Result.APPLIED, reason="placed", patch=PATCH * 1000), "patch_too_large"),
        (Verdict(result=Result.APPLIED, reason="placed", patch=({"op": "add"},)), "internal_error"),
    ],
)
async def test_a_patch_in_doubt_is_never_sent(tmp_path: Path, verdict: Verdict | Exception, reason: str) -> None:
    judge = FakeJudge(verdict)
    async with served(tmp_path, judge) as webhook:
        status, answer = await webhook.post(review())
        assert (status, patch_in(answer)) == (200, [])
        assert webhook.reviews("failopen", reason) == 1
        assert judge.remembered == []


async def test_an_answer_that_comes_late_brings_no_patch(tmp_path: Path) -> None:
    judge = FakeJudge()
    async with served(tmp_path, judge) as webhook:
        # A judge that takes longer than the caller waits: half of this timeout is kept for the way back.
        judge.before_answering = lambda: _spin_s(0.06)
        status, answer = await webhook.post(review(), query="?timeout=100ms")
        assert (status, patch_in(answer)) == (200, [])
        assert webhook.reviews("failopen", "late") == 1
        assert judge.remembered == []


def _spin_s(seconds: float) -> None:
    import time

    ends_at_s = time.monotonic() + seconds
    while time.monotonic() < ends_at_s:
        pass
