"""What became of one review: four results, each with a reason that is counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from placement_webhook.core.json_patch import Patch
from placement_webhook.core.view import Slot


class Result(StrEnum):
    """applied: with a patch. noop: ours, and nothing to change. skipped: not ours. failopen: ours, let in untouched."""

    APPLIED = "applied"
    NOOP = "noop"
    SKIPPED = "skipped"
    FAILOPEN = "failopen"


class Failopen(StrEnum):
    """Why a pod that may be ours goes in untouched; what the placement says for itself comes beside these."""

    UNSYNCED = "unsynced"  # the plan or the nodes have never been read
    LATE = "late"  # the caller has stopped waiting, or is about to
    PATCH_DOES_NOT_APPLY = "patch_does_not_apply"  # sent, it would fail the creation, whatever the failurePolicy
    PATCH_OUT_OF_PLACE = "patch_out_of_place"  # touches a field that is none of ours
    PATCH_TOO_LARGE = "patch_too_large"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What to remember of a pod that was sent to a group."""

    slot: Slot
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """reason: a code of ours. patch: RFC 6902 operations, only where applied. message: for people; may be empty.

    stale: placed by a plan that is older than it should be. admission: None where there is nothing to remember.
    """

    result: Result
    reason: str
    patch: Patch = ()
    message: str = ""
    stale: bool = False
    admission: Admission | None = None
