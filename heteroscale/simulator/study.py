"""Policies compared on the same loads: cells out, records in, figures with intervals.

Every policy sees the same requests of each seed, so what differs is the policy. The oracle's GPU-hours of the same
seed are what all others' are measured against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.arrivals import LoadShape
from heteroscale.simulator.cell import Calendar, Cell, RunRecord, TraceRef, no_calendar
from heteroscale.simulator.executor import Executor
from heteroscale.simulator.interval import Interval, interval_of
from heteroscale.simulator.loop import run_cell
from heteroscale.simulator.policy.registry import KINDS, ORACLE, Choice
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.start_up import StartUp

OVER_ORACLE = "gpu_hours_over_oracle"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec:
    """What is compared on what. trace_name, engine_name: for people. seeds: 1, 2, ... so many."""

    service: DisaggregatedService
    trace: TraceRef
    trace_name: str
    shape: LoadShape
    prefill: Engine
    decode: Engine
    engine_name: str
    policies: tuple[Choice, ...]
    seeds: int = 10
    from_s: float = 0.0
    until_s: float
    start_up: StartUp
    calendar: Calendar = no_calendar

    def cells(self) -> tuple[Cell, ...]:
        """By seed, then by policy: neighbours share their requests."""
        return tuple(
            Cell(
                service=self.service,
                trace=self.trace,
                shape=replace(self.shape, seed=seed),
                prefill=self.prefill,
                decode=self.decode,
                policy=choice,
                from_s=self.from_s,
                until_s=self.until_s,
                start_up=replace(self.start_up, seed=seed),
                calendar=self.calendar,
            )
            for seed in range(1, self.seeds + 1)
            for choice in self.policies
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """records: by the policy's label as it was asked for, in the order of the seeds. table: figure by figure."""

    spec: StudySpec
    records: Mapping[str, tuple[RunRecord, ...]]
    table: Mapping[str, Mapping[str, Interval]]


def run_study(
    spec: StudySpec, executor: Executor, *, watch: Callable[[int, int, RunRecord], None] | None = None
) -> Study:
    """Runs every cell; `watch` is told how many are done, of how many, and the newest record."""
    cells = spec.cells()
    records: dict[str, list[RunRecord]] = {choice.label: [] for choice in spec.policies}
    for done, (cell, record) in enumerate(zip(cells, executor.map(run_cell, cells), strict=True), start=1):
        records[cell.policy.label].append(record)
        if watch is not None:
            watch(done, len(cells), record)
    return study_of(spec, {label: tuple(of_label) for label, of_label in records.items()})


def study_of(spec: StudySpec, records: Mapping[str, tuple[RunRecord, ...]]) -> Study:
    """The table of records that were run before."""
    oracle = next((records[choice.label] for choice in spec.policies if choice.name == ORACLE), ())
    table = {label: _row(of_label, oracle) for label, of_label in records.items()}
    return Study(spec=spec, records=records, table=table)


def study_json(study: Study) -> dict[str, object]:
    """What `--json` writes."""
    return {
        "trace": study.spec.trace_name,
        "engine": study.spec.engine_name,
        "seeds": study.spec.seeds,
        "policies": {
            label: {figure: {"mean": seen.mean, "low": seen.low, "high": seen.high} for figure, seen in row.items()}
            for label, row in study.table.items()
        },
    }


def dominates(one: Mapping[str, Interval], other: Mapping[str, Interval]) -> bool:
    """Whether `one` attains no less for no more GPU-hours, and is better in one of them, as far as intervals say so.

    "No less" is not contradicted by the intervals' means; "better" needs intervals that do not overlap.
    """
    attained, cost = "slo_attainment_frac", "gpu_hours"
    cheaper, dearer = other[cost].above(one[cost]), one[cost].above(other[cost])
    keeps_more, keeps_less = one[attained].above(other[attained]), other[attained].above(one[attained])
    if dearer or keeps_less:
        return False
    return (cheaper and (keeps_more or one[attained].mean >= other[attained].mean)) or (
        keeps_more and one[cost].mean <= other[cost].mean
    )


def pareto_front(study: Study) -> tuple[str, ...]:
    """Labels of the deployable policies that no other deployable one dominates."""
    rows = {choice.label: study.table[choice.label] for choice in study.spec.policies if KINDS[choice.name].deployable}
    return tuple(
        label
        for label, row in rows.items()
        if not any(dominates(other, row) for name, other in rows.items() if name != label)
    )


def _row(records: Sequence[RunRecord], oracle: Sequence[RunRecord]) -> Mapping[str, Interval]:
    row = {
        figure: interval_of([record.figures[figure] for record in records])
        for figure in records[0].figures
        if not any(math.isnan(record.figures[figure]) for record in records)
    }
    if oracle:
        pairs = zip(records, oracle, strict=True)
        row[OVER_ORACLE] = interval_of([one.figures["gpu_hours"] / two.figures["gpu_hours"] for one, two in pairs])
    return row
