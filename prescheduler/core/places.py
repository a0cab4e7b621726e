"""Places: a subgroup as one GPU class sees it. The index between nodes and all that is counted per place.

Two places overlap where they share a node (an S1 and its S2, a class and any class, two profiles over one cluster), and
what is promised in one then weighs on the other. It must never know pods or services.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from prescheduler.core.subgroup import Subgroups
from prescheduler.core.topology import UNKNOWN_INDEX, Integers

ANY_CLASS = UNKNOWN_INDEX  # of a role that names no class


class Places:
    """Numbers every place of every profile. Immutable but for what it remembers of its own answers.

    of_node: [node, column], the places that a node is in. nodes: how many a place has, ready or not.
    """

    def __init__(self, profiles: Mapping[str, Subgroups], nodes: int) -> None:
        self.profiles = profiles
        self.first: dict[str, int] = {}
        self.columns: dict[str, slice] = {}
        self.count = 0
        arrays: list[Integers] = []
        for name, groups in profiles.items():
            self.first[name] = self.count
            start = len(arrays)
            arrays.extend(self._columns(name, groups))
            self.columns[name] = slice(start, len(arrays))
            self.count += len(groups.subgroups) * (len(groups.view.classes) + 1)
        self.of_node = np.stack(arrays, axis=1) if arrays else np.zeros((nodes, 0), dtype=np.int64)
        self.nodes = np.bincount(self.of_node[self.of_node >= 0], minlength=self.count)
        self._touched: dict[int, Integers] = {}

    def number(self, profile: str, subgroup: int, gpu_class: int) -> int:
        """The place of a subgroup for a class, by their indices; ANY_CLASS for any."""
        return self.first[profile] + subgroup * (len(self.profiles[profile].view.classes) + 1) + gpu_class + 1

    def numbers(self, profile: str, subgroups: Integers, gpu_class: int) -> Integers:
        """`number` for many subgroups."""
        return self.first[profile] + subgroups * (len(self.profiles[profile].view.classes) + 1) + gpu_class + 1

    def touched(self, place: int) -> Integers:
        """All places that share a node with this one, itself included."""
        found = self._touched.get(place)
        if found is None:
            rows = self.of_node[(self.of_node == place).any(axis=1)]
            found = np.unique(rows)
            found = found[found >= 0] if len(found) else np.array([place], dtype=np.int64)
            self._touched[place] = found
        return found

    def _columns(self, name: str, groups: Subgroups) -> list[Integers]:
        """Per level twice: the node's place for its own class, then for any. Ineligible nodes are in no place."""
        view = groups.view
        columns: list[Integers] = []
        for level in (groups.s1, groups.s2, *groups.cluster):
            counted = view.eligible & (level >= 0)
            for gpu_class in (view.gpu_class, np.full(len(level), ANY_CLASS, dtype=np.int64)):
                numbers = self.first[name] + level * (len(view.classes) + 1) + gpu_class + 1
                columns.append(np.where(counted, numbers, UNKNOWN_INDEX))
        return columns
