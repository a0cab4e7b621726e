"""A review as far as it is read: the dozen members of a pod that a placement depends on, out of a text of 20 KB.

Decoding all of a pod costs several times what its placement does; a decoder that knows what is asked for skips the
rest. What is skipped is not lost: a patch only adds, and only to members that are decoded here whole. A pod whose
members have other shapes than the API says is read whole and plainly, so that one rule says what is wrong with it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET


class _Part(msgspec.Struct, rename="camel"):
    """Members that are missing stay missing: null is another thing than nothing."""


class _Container(_Part):
    resources: Any = UNSET


class _Metadata(_Part):
    name: Any = UNSET
    generate_name: Any = UNSET
    labels: Any = UNSET
    annotations: Any = UNSET
    owner_references: Any = UNSET


class _Spec(_Part):
    affinity: Any = UNSET
    containers: list[_Container] | msgspec.UnsetType = UNSET
    init_containers: list[_Container] | msgspec.UnsetType = UNSET
    node_name: Any = UNSET
    node_selector: Any = UNSET
    resource_claims: Any = UNSET
    resources: Any = UNSET
    scheduler_name: Any = UNSET
    scheduling_gates: Any = UNSET
    scheduling_group: Any = UNSET
    workload_ref: Any = UNSET


class _Pod(_Part):
    metadata: _Metadata
    spec: _Spec


class _Request(_Part):
    object: _Pod
    uid: Any = UNSET
    kind: Any = UNSET
    sub_resource: Any = UNSET
    namespace: Any = UNSET
    operation: Any = UNSET
    dry_run: Any = UNSET


class _Review(_Part):
    request: _Request
    api_version: Any = UNSET
    kind: Any = UNSET


_AS_FAR_AS_READ = msgspec.json.Decoder(_Review)
_WHOLE = msgspec.json.Decoder()


class NotJsonError(ValueError):
    """The text is no JSON, or nested too deeply."""


def decoded(body: bytes) -> object:
    """The review as plain data: as far as it is read, or whole where it is not of that shape.

    Raises NotJsonError.
    """
    try:
        review = _AS_FAR_AS_READ.decode(body)
    except msgspec.ValidationError:
        return _decoded_whole(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJsonError(str(error)) from None
    found: object = msgspec.to_builtins(review)
    return found


def encoded(answer: object) -> bytes:
    """Plain data as JSON."""
    return msgspec.json.encode(answer)


def _decoded_whole(body: bytes) -> object:
    try:
        found: object = _WHOLE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJsonError(str(error)) from None
    return found
