"""Where a node sits: its labels read by a profile's lists of keys. It must never know any particular key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.deployment_group import Label
from disaggregated_service.core.topology_labels import TopologyProfile


@dataclass(frozen=True, slots=True)
class NodeLevels:
    """The label that counts at each level; None where the node carries none of the level's keys.

    upper: those it carries, outermost first.
    """

    s1: Label | None
    s2: Label | None
    upper: tuple[Label, ...]


def levels_of(profile: TopologyProfile, labels: Mapping[str, str]) -> NodeLevels:
    """The first key of each list that the node carries, from the inside out; no key counts twice.

    With S1 (layer-4, layer-3) and S2 (layer-3, layer-2), a node with layers 1 to 4 has S1 layer-4 and S2 layer-3, one
    with layers 1 to 3 has S1 layer-3 and S2 layer-2: S2 is the one above S1 either way.
    """
    s1 = _first(profile.s1, labels, None)
    s2 = _first(profile.s2, labels, s1)
    used = {label.key for label in (s1, s2) if label is not None}
    upper = (Label(key, labels[key]) for key in profile.upper if key not in used and labels.get(key))
    return NodeLevels(s1, s2, tuple(upper))


def speaks_for(profile: TopologyProfile, labels: Mapping[str, str]) -> bool:
    """Whether the profile's nodeSelector takes in the node."""
    return all(labels.get(key) == value for key, value in profile.node_selector)


def _first(keys: tuple[str, ...], labels: Mapping[str, str], inner: Label | None) -> Label | None:
    for key in keys:
        value = labels.get(key)
        if value and (inner is None or key != inner.key):  # an empty value says nothing of where a node sits
            return Label(key, value)
    return None
