"""AdmissionReview (admission.k8s.io/v1): bytes to a request, an answer to bytes.

An answer always allows: rejecting a pod is no way to wait, and a controller that is refused backs off for minutes. A
text that names no uid cannot be answered at all. It must never know what a pod is for.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from placement_webhook.edge.review_body import NotJsonError, decoded, encoded

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"
UID_CHARACTERS_MAX = 128  # a UUID has 36; what is echoed is bounded
NOTE_CHARACTERS_MAX = 240  # the API server cuts warnings at 256

_CREATE = "CREATE"
_POD = {"group": "", "version": "v1", "kind": "Pod"}


class Skip(StrEnum):
    """Why a review that is well formed is not ours to mutate."""

    OTHER_KIND = "other_kind"
    OTHER_OPERATION = "other_operation"
    SUBRESOURCE = "subresource"


class Broken(StrEnum):
    """What is wrong with a review."""

    NOT_JSON = "not_json"
    NOT_A_REVIEW = "not_a_review"
    BAD_UID = "bad_uid"
    BAD_NAMESPACE = "bad_namespace"
    BAD_OBJECT = "bad_object"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodReview:
    """A pod that somebody wants to create, as far as it is read. dry_run: nothing may be remembered of it."""

    uid: str
    namespace: str
    pod: Mapping[str, Any]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Well formed, and none of our business."""

    uid: str
    why: Skip


@dataclass(frozen=True, slots=True)
class Malformed:
    """There is a uid to answer, and nothing else that could be trusted."""

    uid: str
    why: Broken


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """Without a uid no answer is valid: HTTP 400, after which the caller's failurePolicy decides."""

    why: Broken


def read_review(body: bytes) -> PodReview | NotOurs | Malformed | Unanswerable:
    """What the API server asks."""
    try:
        review = decoded(body)
    except NotJsonError:
        return Unanswerable(Broken.NOT_JSON)
    if not isinstance(review, dict) or review.get("apiVersion") != API_VERSION or review.get("kind") != KIND:
        return Unanswerable(Broken.NOT_A_REVIEW)
    request = review.get("request")
    if not isinstance(request, dict):
        return Unanswerable(Broken.NOT_A_REVIEW)
    uid = request.get("uid")
    if not isinstance(uid, str) or not 0 < len(uid) <= UID_CHARACTERS_MAX:
        return Unanswerable(Broken.BAD_UID)
    skip = _why_not_ours(request)
    return NotOurs(uid, skip) if skip is not None else _pod_review(uid, request)


def write_answer(
    uid: str, *, patch: Sequence[Mapping[str, Any]] = (), notes: Mapping[str, str] | None = None, warning: str = ""
) -> tuple[bytes, int]:
    """The response, always allowing, and the size of its patch in bytes (0: none).

    patch: RFC 6902 operations; an empty one is left out together with its type, as the API server demands.
    notes: for the audit log, by unqualified key. warning: shown to whoever created the pod, mostly a controller.
    """
    response: dict[str, Any] = {"uid": uid, "allowed": True}
    size = 0
    if patch:
        text = encoded(patch)
        size = len(text)
        response |= {"patchType": "JSONPatch", "patch": b64encode(text).decode("ascii")}
    if notes:
        response["auditAnnotations"] = {key: note[:NOTE_CHARACTERS_MAX] for key, note in notes.items()}
    if warning:
        response["warnings"] = [warning[:NOTE_CHARACTERS_MAX]]
    return encoded({"apiVersion": API_VERSION, "kind": KIND, "response": response}), size


def _why_not_ours(request: Mapping[str, Any]) -> Skip | None:
    kind = request.get("kind")
    if not isinstance(kind, dict) or any(kind.get(key, "") != value for key, value in _POD.items()):
        return Skip.OTHER_KIND
    if request.get("subResource"):
        return Skip.SUBRESOURCE
    return None if request.get("operation") == _CREATE else Skip.OTHER_OPERATION


def _pod_review(uid: str, request: Mapping[str, Any]) -> PodReview | Malformed:
    namespace, pod = request.get("namespace"), request.get("object")
    if not isinstance(namespace, str) or not namespace:
        return Malformed(uid, Broken.BAD_NAMESPACE)
    if not isinstance(pod, dict):
        return Malformed(uid, Broken.BAD_OBJECT)
    # Whatever is not plainly false counts as a dry run: the worst that follows is one admission not remembered.
    dry_run = request.get("dryRun")
    return PodReview(uid=uid, namespace=namespace, pod=pod, dry_run=dry_run is not None and dry_run is not False)
