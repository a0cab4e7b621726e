"""What was found for one plan and one set of nodes, and holds for every pod like it: pods of a ReplicaSet are alike.

A burst asks the same question hundreds of times. Whose pod it is and who manages it depends on its spec, labels,
annotations and owners, so pods that agree in these are read once. What its patch becomes depends on less: affinity,
node selector, scheduling gates and annotations. Pods that agree in these get the same patch, and it touches nothing
else, so it applies to one as it applies to the other. A new plan or node is a new memo.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from disaggregated_service.core.pair import Role, ServiceKey
from placement_webhook.core.group_rule import GroupRule
from placement_webhook.core.view import Slot

KEPT_MAX = 4096  # of a kind, some 4 KB each; a pod of its own kind each time must not fill the memory

_ENCODE = json.JSONEncoder(default=repr, check_circular=False).encode

R = TypeVar("R")
T = TypeVar("T")
Rules = tuple[GroupRule, ...]


class Memo(Generic[R, T]):
    """Of one snapshot. R: what was read of a pod. T: what a placement comes to."""

    def __init__(self) -> None:
        self._rules: dict[tuple[ServiceKey, Role], Rules] = {}
        self._wanted: dict[Slot, Mapping[str, int]] = {}
        self._readings: dict[tuple[str, str], R] = {}
        self._outcomes: dict[tuple[object, ...], T] = {}

    def rules(self, service: ServiceKey, role: Role, find: Callable[[], Rules]) -> Rules:
        """The rules of a service's groups for a role."""
        found = self._rules.get((service, role))
        if found is None:
            found = find()
            self._rules[service, role] = found
        return found

    def wanted(self, slot: Slot, find: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
        """Pods that each group should have of a slot."""
        found = self._wanted.get(slot)
        if found is None:
            found = find()
            self._wanted[slot] = found
        return found

    def reading(self, namespace: str, text: str, find: Callable[[], R]) -> R:
        """What was read of a pod with this text."""
        found = self._readings.get((namespace, text))
        if found is None:
            if len(self._readings) >= KEPT_MAX:
                self._readings.clear()
            found = find()
            self._readings[namespace, text] = found
        return found

    def outcome(self, question: tuple[object, ...], find: Callable[[], T]) -> T:
        """The outcome for a question that says all it depends on."""
        found = self._outcomes.get(question)
        if found is None:
            if len(self._outcomes) >= KEPT_MAX:
                self._outcomes.clear()
            found = find()
            self._outcomes[question] = found
        return found


def all_that_is_read(pod: Mapping[str, Any]) -> str:
    """What tells whose pod it is, and more; equal parts, equal text. Its name is not in it."""
    metadata = pod["metadata"]
    read = metadata.get("labels"), metadata.get("annotations"), metadata.get("ownerReferences"), pod["spec"]
    return _ENCODE(read)


def what_is_patched(pod: Mapping[str, Any]) -> str:
    """The part of a pod that its patch depends on."""
    spec, metadata = pod["spec"], pod["metadata"]
    read = spec.get("affinity"), spec.get("nodeSelector"), spec.get("schedulingGates"), metadata.get("annotations")
    return _ENCODE(read)
