"""JSON patches (RFC 6902) that only add, and their application.

The API server fails the creation of a pod whose patch does not apply, even where the webhook's own failures are
ignored: so each patch is made as the difference of two documents, holds no `test`, `remove` or `move`, and is applied
in-process before it is sent. `add` on a member that exists sets it; that is used for what has to be written anew as
a whole: a list of nodeSelectorTerms whose terms were multiplied (each new term is an old one with more conditions,
so that in meaning it only adds), our own annotation, and a member that is null.
Must never know what a pod is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Operation = Mapping[str, Any]
Patch = tuple[Operation, ...]

BYTES_MAX = 128 * 1024
"""64 terms of a dozen conditions are some 60 KB. A pod that exceeds etcd's 1.5 MB would be refused for our sake."""


class DoesNotApplyError(ValueError):
    """The patch names a place that the document does not have, or an operation that we never send."""


def difference(before: Any, after: Any, path: str = "") -> Patch:
    """The operations that make `after` of `before`; nothing may have been removed but from lists written anew.

    path: of both in the document that is patched.

    An object that is missing is added whole, with all that is in it, so that parents never have to be created apart.
    """
    return tuple(additions(before, after, path))


def additions(before: Any, after: Any, path: str) -> Iterator[Operation]:
    if before is after or (type(before) is type(after) and before == after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before.keys() <= after.keys():
        for key, value in after.items():
            member = f"{path}/{escaped(key)}"
            if key in before:
                yield from additions(before[key], value, member)
            else:
                yield {"op": "add", "path": member, "value": value}
    elif isinstance(before, list) and isinstance(after, list) and before and after[: len(before)] == before:
        for value in after[len(before) :]:
            yield {"op": "add", "path": f"{path}/-", "value": value}
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and all_grow(before, after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from additions(old, new, f"{path}/{index}")
    else:
        yield {"op": "add", "path": path, "value": after}


def all_grow(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether the items are objects that gained or kept members: only those are changed in place.

    (`add` at an index of a list inserts; it would not replace.)
    """
    return all(
        isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() <= new.keys()
        for old, new in zip(before, after, strict=True)
    )


def escaped(key: str) -> str:
    """A member's name in a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def applied(document: Any, patch: Patch) -> Any:
    """A copy with the patch applied; what is not touched is shared, not copied. Raises DoesNotApplyError."""
    for operation in patch:
        if operation.get("op") != "add" or "value" not in operation:
            raise DoesNotApplyError(f"operation {operation.get('op')!r}")
        parts = [part.replace("~1", "/").replace("~0", "~") for part in str(operation["path"]).split("/")[1:]]
        document = added(document, parts, operation["value"])
    return document


def added(document: Any, parts: Sequence[str], value: Any) -> Any:
    """A copy with one value added at the place."""
    if not parts:
        return value
    first, rest = parts[0], parts[1:]
    if isinstance(document, dict):
        if rest and first not in document:
            raise DoesNotApplyError(f"no member {first!r}")
        return {**document, first: added(document.get(first), rest, value)}
    if not isinstance(document, list):
        raise DoesNotApplyError(f"nothing can be added below {first!r}")
    if first == "-" and not rest:
        return [*document, value]
    if not first.isdecimal() or int(first) >= len(document) or not rest:
        raise DoesNotApplyError(f"no item {first!r}")
    index = int(first)
    return [*document[:index], added(document[index], rest, value), *document[index + 1 :]]


def to_bytes(patch: Patch) -> bytes:
    """The patch as JSON: equal patches, equal bytes."""
    return json.dumps(list(patch), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
