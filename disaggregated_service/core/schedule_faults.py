"""Schedule entries that contradict the service, themselves or each other. It must never know what time it
is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from disaggregated_service.core.bound_faults import no_pair
from disaggregated_service.core.fault import Fault
from disaggregated_service.core.feasible import Box, box_of
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.ratio import Band, FixedRatio
from disaggregated_service.core.schedule_spec import ScheduleEntry
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.week import minute_written, overlap

OffsetsMin = Callable[[str], tuple[int, ...]]
"""UTC offsets of a zone in minutes, at instants that are the same for every zone; empty for an unknown
zone.
"""


def schedule_faults(spec: ServiceSpec, offsets_min: OffsetsMin) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, entry in enumerate(spec.schedule):
        path = f"spec.schedule[{index}]"
        if first.setdefault(entry.name, index) != index:
            yield Fault(
                path=f"{path}.name",
                wrong=f'"{entry.name}" is the name of spec.schedule[{first[entry.name]}] too',
                right="give each entry a name of its own: the trail tells them apart by it",
            )
        yield from _times(path, entry, offsets_min)
        yield from _says(path, entry, spec)
        if spec.minima.prefill <= spec.maxima.prefill and spec.minima.decode <= spec.maxima.decode:
            yield from _fits(path, entry, spec)
    yield from _overlaps(spec, offsets_min)


def _times(path: str, entry: ScheduleEntry, offsets_min: OffsetsMin) -> Iterator[Fault]:
    whole_day = 'for a whole day write from: "00:00", to: "24:00"'
    if entry.start == "24:00":
        yield Fault(path=f"{path}.from", wrong='is "24:00", the end of a day', right='write "00:00" and the next day')
    elif entry.start == entry.end:
        yield Fault(path=f"{path}.to", wrong="is the same as from", right=whole_day)
    if not offsets_min(entry.timezone):
        yield Fault(
            path=f"{path}.timezone",
            wrong=f'"{entry.timezone}" is not a known time zone',
            right="write an IANA name such as Asia/Singapore or UTC",
        )


def _says(path: str, entry: ScheduleEntry, spec: ServiceSpec) -> Iterator[Fault]:
    floors = entry.min_prefill is not None or entry.min_decode is not None
    if not floors and entry.fixed is None and entry.ratio is None:
        yield Fault(path=path, wrong="does nothing", right="write minPrefill, minDecode, fixed or ratio")
    if floors and entry.fixed is not None:
        yield Fault(
            path=f"{path}.fixed",
            wrong="stands beside a floor, but is floor and ceiling at once",
            right="remove minPrefill and minDecode, or remove fixed",
        )
    if entry.ratio is not None and not isinstance(spec.ratio, FixedRatio):
        yield Fault(
            path=f"{path}.ratio",
            wrong="needs a fixed ratio, but spec.ratio is measured",
            right="remove it, or write spec.ratio with mode: fixed",
        )


def _fits(path: str, entry: ScheduleEntry, spec: ServiceSpec) -> Iterator[Fault]:
    box = box_of(spec)
    band, ratio = spec.ratio.band, spec.ratio
    if entry.ratio is not None and isinstance(ratio, FixedRatio):
        own = FixedRatio(prefill=entry.ratio.prefill, decode=entry.ratio.decode, tolerance=ratio.tolerance)
        band = own.band
        yield from no_pair(f"{path}.ratio", box, band, ratio=own)
    for role, floor in ((Role.PREFILL, entry.min_prefill), (Role.DECODE, entry.min_decode)):
        if floor is not None and floor > box.maxima.of(role):
            yield Fault(
                path=f"{path}.min{role.capitalize()}",
                wrong=f"is {floor}, above maxReplicas {box.maxima.of(role)} of {role}",
                right=f"write at most {box.maxima.of(role)}, or raise maxReplicas",
            )
    floors = Pair(max(box.minima.prefill, entry.min_prefill or 0), max(box.minima.decode, entry.min_decode or 0))
    if (entry.min_prefill or entry.min_decode) and box.uses(floors) > box.gpu_budget:
        yield Fault(
            path=path,
            wrong=f"its floors {floors} use {box.uses(floors)} GPUs, above gpuBudget {box.gpu_budget:.0f}",
            right="lower the floors or raise gpuBudget",
        )
    if entry.fixed is not None:
        yield from _fixed(f"{path}.fixed", Pair(entry.fixed.prefill, entry.fixed.decode), box, band)


def _fixed(path: str, fixed: Pair, box: Box, band: Band) -> Iterator[Fault]:
    if not box.contains(fixed):
        yield Fault(
            path=path,
            wrong=f"{fixed} ({box.uses(fixed)} GPUs) is outside the bounds {box}",
            right="write a pair inside them, or change the bounds",
        )
    if not band.contains(fixed):
        found, allowed = f"{fixed.prefill / fixed.decode:.3g}", f"{band.low:.3g}..{band.high:.3g}"
        yield Fault(
            path=path,
            wrong=f"{fixed} has P/D {found}, outside the band {allowed}",
            right="write a pair inside the band, or give the entry a ratio of its own",
        )


def _overlaps(spec: ServiceSpec, offsets_min: OffsetsMin) -> Iterator[Fault]:
    """Entries of different zones are compared at every offset the two have at one time, so summer time
    counts.
    """
    for (first, one), (second, other) in combinations(enumerate(spec.schedule), 2):
        here, there = offsets_min(one.timezone), offsets_min(other.timezone)
        leads = {0} if one.timezone == other.timezone else {b - a for a, b in zip(here, there, strict=False)}
        found = next(
            (minute for lead in sorted(leads) if (minute := overlap(one, other, other_is_ahead_min=lead)) is not None),
            None,
        )
        if found is not None:
            first_named = f'spec.schedule[{first}] "{one.name}"'
            yield Fault(
                path=f"spec.schedule[{second}]",
                wrong=f'"{other.name}" overlaps {first_named} at {minute_written(found)} {one.timezone}',
                right="let one end where the other begins, or make them one entry",
            )
