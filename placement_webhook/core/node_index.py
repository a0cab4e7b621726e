"""The nodes that are known, indexed once by label so that a rule is weighed against all of them in microseconds.

A set of nodes is an integer with one bit a node: ten thousand nodes are 1250 bytes, and AND is one instruction a word.
Must never know a pod or a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from placement_webhook.core.label_set import LabelSet
from placement_webhook.core.requirement import Conjunction


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNode:
    """One node. placeable: ready and schedulable; one that is not goes on to count as a member of its domain."""

    name: str
    labels: Mapping[str, str]
    placeable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeIndex:
    """Build it with `build_index`. Sets of nodes are integers, bit i standing for `names[i]`."""

    names: tuple[str, ...] = ()
    nodes: Mapping[str, KnownNode] = field(default_factory=dict)
    postings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    labelled: Mapping[str, int] = field(default_factory=dict)
    positions: Mapping[str, int] = field(default_factory=dict)
    placeable: int = 0

    @property
    def all(self) -> int:
        return (1 << len(self.names)) - 1

    def matching(self, rule: Conjunction) -> int:
        """The set of nodes that satisfy a conjunction."""
        found = self.all if rule.name.complement else self.named(rule.name.values)
        if rule.name.complement and rule.name.values:
            found &= ~self.named(rule.name.values)
        for key, values in rule.labels:
            if not found:
                break
            found &= self.having(key, values)
        return found

    def named(self, names: Iterable[str]) -> int:
        return union(1 << self.positions[name] for name in names if name in self.positions)

    def having(self, key: str, values: LabelSet) -> int:
        """The set of nodes whose label `key` the set admits."""
        posting = self.postings.get(key, {})
        if values.complement and values.above is None and values.below is None:
            unwanted = union(posting.get(value, 0) for value in values.values)
            return (self.all if values.absent else self.labelled.get(key, 0)) & ~unwanted
        wanted = posting if values.complement else [value for value in values.values if value in posting]
        found = union(posting[value] for value in wanted if values.admits(value))
        return found | (self.all & ~self.labelled.get(key, 0)) if values.absent else found

    def values(self, key: str, among: int) -> list[tuple[str, int]]:
        """The values of a label seen on a set of nodes, sorted, each with the nodes of the set that have it."""
        posting = self.postings.get(key, {})
        return sorted((value, nodes & among) for value, nodes in posting.items() if nodes & among)

    def members(self, nodes: int) -> list[str]:
        """The names of a set's nodes, sorted."""
        return [name for position, name in enumerate(self.names) if nodes >> position & 1]


def build_index(nodes: Iterable[KnownNode]) -> NodeIndex:
    """Index nodes; of two with one name the last counts."""
    by_name = {node.name: node for node in nodes}
    names = tuple(sorted(by_name))
    places: dict[str, dict[str, list[int]]] = {}
    for position, name in enumerate(names):
        for key, value in by_name[name].labels.items():
            places.setdefault(key, {}).setdefault(value, []).append(position)
    return NodeIndex(
        names=names,
        nodes=by_name,
        postings={
            key: {value: bits(positions) for value, positions in posting.items()} for key, posting in places.items()
        },
        labelled={
            key: bits(sorted(position for positions in posting.values() for position in positions))
            for key, posting in places.items()
        },
        positions={name: position for position, name in enumerate(names)},
        placeable=bits([position for position, name in enumerate(names) if by_name[name].placeable]),
    )


def union(sets: Iterable[int]) -> int:
    together = 0
    for nodes in sets:
        together |= nodes
    return together


def bits(positions: Sequence[int]) -> int:
    """The integer with these bits set; by way of bytes, because shifting a long integer once a node is quadratic."""
    if len(positions) == 1:
        return 1 << positions[0]
    text = bytearray(positions[-1] // 8 + 1 if positions else 0)
    for position in positions:
        text[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(text, "little")
