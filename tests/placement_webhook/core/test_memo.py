"""Pods that are alike in their spec, and not alike to us."""

from __future__ import annotations

from typing import Any

import pytest

from placement_webhook.core.memo import Memo
from placement_webhook.core.placement import PlacementMemo
from placement_webhook.core.reason import Reason
from tests.placement_webhook.laws.gated import plain
from tests.placement_webhook.laws.test_admission_laws import admitted


def with_metadata(**metadata: Any) -> dict[str, Any]:
    pod = plain("decode")
    return {**pod, "metadata": {**pod["metadata"], **metadata}}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (plain("prefill"), Reason.PLACED),
        (with_metadata(labels={"app": "stranger"}), Reason.NOT_A_ROLE),
        (with_metadata(annotations={"heteroscale.dev/skip-placement": "true"}), Reason.SKIPPED),
        (with_metadata(ownerReferences=[{"kind": "DaemonSet", "name": "d"}]), Reason.DAEMON_SET),
    ],
)
def test_what_was_found_for_one_pod_is_not_told_to_another(other: dict[str, Any], reason: Reason) -> None:
    memo: PlacementMemo = Memo()
    first = admitted("two groups", plain("decode"), {}, memo)
    second = admitted("two groups", other, {}, memo)
    assert second.reason is reason
    assert second == admitted("two groups", other, {})
    assert second != first
