"""Room for replicas: per shape and place, what the nodes could take less what is promised there.

A promise (allotted, not yet bound) may be bound to any node of its place, so it weighs on every place that shares a
node with it, by what it can spoil there at worst. As long as every place where something is promised has no more
weighing on it than it can take, each promise finds a node, whatever the order in which the scheduler binds (each pod
still to come sees less than the place's slots used by others). It must never know services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from prescheduler.core.places import Places
from prescheduler.core.shape import Shape, spoilt_matrix
from prescheduler.core.topology import Integers, Topology
from prescheduler.core.usage import Usage

UNLIMITED = np.iinfo(np.int64).max


class Capacity:
    """The numbers of one cycle, changed as it goes on. Arrays are [shape, place]."""

    def __init__(self, places: Places, shapes: Sequence[Shape], free: FreeGpus) -> None:
        self._places = places
        self._number: Mapping[Shape, int] = {shape: position for position, shape in enumerate(shapes)}
        self._slots = np.stack([_slots(shape, places, free) for shape in shapes]) if shapes else _none(places)
        self._weight = np.zeros_like(self._slots)
        self._promised = np.zeros_like(self._slots)
        largest = max((int(free.allocatable(shape.resource).max(initial=0)) for shape in shapes), default=0)
        self._spoilt = spoilt_matrix(shapes, largest)

    def room(self, shape: Shape, places: Integers) -> Integers:
        """Replicas of the shape for which each place itself has room; `fitting` looks at the places around it too."""
        row = self._number[shape]
        left = self._slots[:, places] - self._weight[:, places]
        kept = (self._promised[:, places] > 0) & (self._spoilt[row][:, None] > 0)
        kept[row] = True
        limits = np.where(kept, left // np.maximum(self._spoilt[row][:, None], 1), UNLIMITED)
        room: Integers = np.maximum(0, limits.min(axis=0))
        return room

    def fitting(self, shape: Shape, place: int, wanted: int) -> int:
        """How many of `wanted` replicas can be promised in the place without breaking any promise."""
        row = self._number[shape]
        touched = self._places.touched(place)
        by = self._spoilt[row][:, None]
        left = self._slots[:, touched] - self._weight[:, touched]
        kept = (self._promised[:, touched] > 0) & (by > 0)
        limits = (left // np.maximum(by, 1))[kept]
        own = int(self._slots[row, place] - self._weight[row, place])
        return max(0, min(wanted, own, int(limits.min(initial=wanted))))

    def open_slots(self, shape: Shape, place: int) -> int:
        """Replicas for which there is a node now, whoever it is promised to."""
        return int(self._slots[self._number[shape], place])

    def is_quiet(self, place: int) -> bool:
        """Whether nothing is promised on any of its nodes: all that was allotted there is bound."""
        return not self._promised[:, self._places.touched(place)].any()

    def take(self, shape: Shape, place: int, replicas: int) -> None:
        """Promise them; a negative number takes a promise back."""
        row = self._number[shape]
        touched = self._places.touched(place)
        self._promised[row, place] += replicas
        self._weight[:, touched] += self._spoilt[row][:, None] * replicas


class FreeGpus:
    """Per node, by resource: what it has, and what no pod holds. Nodes that take no pods now have nothing free."""

    def __init__(self, topology: Topology, usage: Usage) -> None:
        self._topology = topology
        self._usage = usage
        self._allocatable: dict[str, Integers] = {}
        self._free: dict[str, Integers] = {}
        self._replicas: dict[Shape, Integers] = {}

    def allocatable(self, resource: str) -> Integers:
        if resource not in self._allocatable:
            views = [view.gpus for view in self._topology.views.values() if view.profile.gpu_resource == resource]
            nothing = np.zeros(len(self._topology.names), dtype=np.int64)
            self._allocatable[resource] = np.maximum.reduce([nothing, *views])
        return self._allocatable[resource]

    def free(self, resource: str) -> Integers:
        if resource not in self._free:
            held = np.zeros(len(self._topology.names), dtype=np.int64)
            index = self._topology.index
            for node, amounts in self._usage.held.items():
                position = index.get(node)
                if position is not None:
                    held[position] = amounts.get(resource, 0)
            left = np.maximum(0, self.allocatable(resource) - held)
            self._free[resource] = np.where(self._topology.placeable, left, 0)
        return self._free[resource]

    def replicas(self, shape: Shape) -> Integers:
        """Replicas that fit on each node; of a shape that takes whole nodes, whether this is one (1) or not (0)."""
        if shape not in self._replicas:
            left = self.free(shape.resource)
            whole = (left == self.allocatable(shape.resource)) & (left >= shape.gpus)
            self._replicas[shape] = whole.astype(np.int64) if shape.whole_nodes else left // shape.gpus
        return self._replicas[shape]


def _slots(shape: Shape, places: Places, free: FreeGpus) -> Integers:
    slots = np.zeros(places.count, dtype=np.int64)
    per_node = free.replicas(shape)
    for name, columns in places.columns.items():
        s1 = places.profiles[name].s1
        for column in places.of_node[:, columns].T:
            slots += (
                _under_one_s1(per_node, column, s1, shape.whole_nodes, places.count)
                if shape.whole_nodes
                else _summed(per_node, column, places.count)
            )
    return slots


def _summed(per_node: Integers, place: Integers, places: int) -> Integers:
    counted = (place >= 0) & (per_node > 0)
    sums = np.bincount(place[counted], weights=per_node[counted], minlength=places)
    return sums.astype(np.int64)


def _under_one_s1(whole: Integers, place: Integers, s1: Integers, nodes: int, places: int) -> Integers:
    """Replicas of so many whole nodes, none of them over two S1s; a node without an S1 counts for none."""
    counted = (place >= 0) & (s1 >= 0) & (whole > 0)
    width = int(s1.max(initial=0)) + 1
    codes, found = np.unique(place[counted] * width + s1[counted], return_counts=True)
    sums = np.bincount(codes // width, weights=found // nodes, minlength=places)
    return sums.astype(np.int64)


def _none(places: Places) -> Integers:
    return np.zeros((0, places.count), dtype=np.int64)
