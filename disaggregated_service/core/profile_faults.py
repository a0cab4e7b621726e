"""Everything that is wrong with a topology profile, all at once. It must never know services or nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from disaggregated_service.core.decode import decode
from disaggregated_service.core.fault import Fault, child, is_within, item
from disaggregated_service.core.glob_overlap import contains, meet
from disaggregated_service.core.gpu_class import SLICE_MARKS
from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.role_spec import GPU_CLASS
from disaggregated_service.core.scalar import meant, shown
from disaggregated_service.core.topology_labels import GpuClass
from disaggregated_service.core.topology_profile import TopologyProfileSpec

Written = tuple[str, str, str]
"""A pattern, the class it belongs to and the path where it is written; "" for a preset's."""


def read_profile(data: object) -> tuple[TopologyProfileSpec | None, tuple[Fault, ...]]:
    """The spec in plain data, or None and every fault of it."""
    decoded = decode(TopologyProfileSpec, data, "spec")
    if decoded.value is None:
        return None, decoded.faults
    whole = [
        fault
        for fault in profile_faults(decoded.value)
        if not any(is_within(fault.path, one.path) or is_within(one.path, fault.path) for one in decoded.faults)
    ]
    faults = (*decoded.faults, *whole)
    return (None, faults) if faults else (decoded.value, ())


def profile_faults(spec: TopologyProfileSpec) -> Iterator[Fault]:
    """What no single field shows."""
    yield from _preset(spec)
    yield from _levels(spec)
    if not spec.gpu_classes and spec.preset is None:
        wrong, right = "is missing: without a preset no node has a GPU class", "write {NAME: {match: [PATTERN]}}"
        yield Fault(path="spec.gpuClasses", wrong=wrong, right=right)
    for name, gpu_class in spec.gpu_classes.items():
        yield from _class(name, gpu_class)
    yield from _overlaps(spec)
    if min(spec.reserve.low, spec.reserve.medium, spec.reserve.high) >= 1:
        wrong = "keeps back every GPU of every tier, so that nothing is ever placed"
        yield Fault(path="spec.reserve", wrong=wrong, right="write less than 1 for at least one tier")


def _preset(spec: TopologyProfileSpec) -> Iterator[Fault]:
    if spec.preset is None or spec.preset in PRESETS:
        return
    near = meant(spec.preset, PRESETS)
    right = f'did you mean "{near}"?' if near else f"write one of: {', '.join(PRESETS)}"
    yield Fault(path="spec.preset", wrong=f"is {shown(spec.preset)}, which is no preset", right=right)


def _levels(spec: TopologyProfileSpec) -> Iterator[Fault]:
    levels = spec.levels
    if spec.preset is None and not levels.s1 and not levels.s2:
        wrong, right = "has neither preset nor levels", "write preset: topograph-v1, or levels: {s1: [...], s2: [...]}"
        yield Fault(path="spec", wrong=wrong, right=right)
    for name, keys in (("s1", levels.s1), ("s2", levels.s2), ("upper", levels.upper)):
        for index, key in enumerate(keys or ()):
            if key in (keys or ())[:index]:
                path = item(f"spec.levels.{name}", index)
                yield Fault(path=path, wrong=f"{key} is in the list already", right="write each key once")
    if levels.s1 and levels.s2 and set(levels.s2) == {levels.s1[0]}:
        wrong = f"{levels.s2[0]} is the first key of s1, and a key counts for the innermost level only"
        yield Fault(path="spec.levels.s2", wrong=wrong, right="name the label of the switch above")


def _class(name: str, gpu_class: GpuClass) -> Iterator[Fault]:
    path = child("spec.gpuClasses", name)
    if len(name) > GPU_CLASS.max_length or not re.fullmatch(GPU_CLASS.regex, name):
        right = f'write a name like "{GPU_CLASS.example}" (pattern {GPU_CLASS.regex})'
        yield Fault(path=path, wrong=f"{shown(name)} is no name of a class", right=right)
    if not gpu_class.match:
        right = 'write at least one, for instance "NVIDIA-H100-*"'
        yield Fault(path=f"{path}.match", wrong="has no pattern, so that no node has the class", right=right)
    for index, pattern in enumerate(gpu_class.match):
        if pattern in gpu_class.match[:index]:
            where = item(f"{path}.match", index)
            yield Fault(path=where, wrong=f"{pattern} is there already", right="write each pattern once")


def _overlaps(spec: TopologyProfileSpec) -> Iterator[Fault]:
    """Patterns of two classes that take the same products, neither of them the more exact one.

    `NVIDIA-H20*` beside `NVIDIA-H200*` is none: the second says more, and wins.
    """
    preset = PRESETS.get(spec.preset or "")
    inherited = {} if preset is None else {name: one for name, one in preset.classes if name not in spec.gpu_classes}
    by_label: dict[str, list[Written]] = {}
    for name, one in inherited.items():
        by_label.setdefault(one.label, []).extend((pattern, name, "") for pattern in one.match)
    for name, one in spec.gpu_classes.items():
        earlier = by_label.setdefault(one.label, [])
        path = child("spec.gpuClasses", name) + ".match"
        own = [(pattern, name, item(path, index)) for index, pattern in enumerate(one.match)]
        yield from _clashes(own, earlier)
        earlier.extend(own)


def _clashes(own: list[Written], earlier: list[Written]) -> Iterator[Fault]:
    for pattern, _, path in own:
        other = next((one for one in earlier if _clash(pattern, one[0])), None)
        if other is None:
            continue
        where = f"class {other[1]}" if other[2] else f"the preset's class {other[1]}"
        wrong = f"{pattern} takes products of {where} too ({other[0]}), and neither says more than the other"
        yield Fault(path=path, wrong=wrong, right="write the products out, so that each belongs to one class")


def _clash(one: str, other: str) -> bool:
    if any((mark in one) != (mark in other) for mark in SLICE_MARKS):
        return False  # slices of a GPU are taken only by patterns that name them
    return meet(one, other) and contains(one, other) == contains(other, one)  # the same, or neither within the other
