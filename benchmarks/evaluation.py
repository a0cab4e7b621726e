"""docs/evaluation.md: all policies on three recorded loads and three engines, written from what was run.

    python -m benchmarks.evaluation                 what is left of ten seeds, then the document
    python -m benchmarks.evaluation --within 2h     as many seeds as two hours give
    python -m benchmarks.evaluation --quick         one seed, ours and three baselines, an hour of each; printed

Seed after seed, so that whenever it is stopped as many seeds as possible are whole. Cells are kept; see
benchmarks/evaluation_cells.py.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import evaluation_cells, evaluation_text
from benchmarks.evaluation_cells import Task, kept, run_and_keep, task_of
from benchmarks.evaluation_grid import FLEETS, LOADS, Fleet, Load, spec_of
from disaggregated_service.core import duration
from heteroscale.simulator.cell import RunRecord
from heteroscale.simulator.executor import local_executor
from heteroscale.simulator.study import Study, StudySpec, study_of

DOCUMENT = evaluation_cells.ROOT / "docs" / "evaluation.md"


def main() -> int:
    """0; 1 where the quick evaluation found a policy of ours that did not keep the SLO."""
    args = _arguments()
    pairs = [(load, fleet) for fleet in (FLEETS[:1] if args.quick else FLEETS) for load in LOADS]
    if args.quick:
        pairs = [pair for pair in pairs if pair[0] is not LOADS[-1]]
    seeds = 1 if args.quick else args.seeds
    specs = [_spec(load, fleet, seeds=seeds, quick=args.quick) for load, fleet in pairs]
    _run(_in_order(specs, seeds), workers=args.workers, within_s=args.within)
    studies = [study for spec in specs if (study := _whole(spec)) is not None]
    if args.quick:
        print("\n\n".join(evaluation_text.table(study) for study in studies))
        return evaluation_text.ours_kept(studies)
    args.out.write_text(evaluation_text.document(studies, program=evaluation_cells.program()), encoding="utf-8")
    print(f"{args.out}: {len(studies)} of {len(specs)} studies")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="what CI runs")
    parser.add_argument("--seeds", type=int, default=10, help="at most (default 10)")
    parser.add_argument("--within", metavar="TIME", type=_seconds, help="stop beginning cells after this, such as 2h")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="the document (default docs/evaluation.md)")
    return parser.parse_args()


def _seconds(text: str) -> float:
    value = duration.parse(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration, for instance 2h")
    return value


def _spec(load: Load, fleet: Fleet, *, seeds: int, quick: bool) -> StudySpec:
    return spec_of(load, fleet, evaluation_cells.measured(load, fleet), seeds=seeds, quick=quick)


def _in_order(specs: Sequence[StudySpec], seeds: int) -> Iterator[Task]:
    """Seed by seed over all studies."""
    for seed in range(1, seeds + 1):
        for spec in specs:
            yield from (task_of(cell) for cell in spec.cells() if cell.seed == seed)


def _run(tasks: Iterator[Task], *, workers: int, within_s: float | None) -> None:
    begun_s = time.monotonic()
    left = [task for task in tasks if kept(task) is None]
    executor = local_executor(workers)
    try:
        for done, (task, attained) in enumerate(zip(left, executor.map(run_and_keep, left), strict=True), 1):
            cell, took_s = task.cell, time.monotonic() - begun_s
            name = f"{cell.policy.label} on {cell.trace} with {cell.prefill.name}, seed {cell.seed}"
            print(f"{took_s:6.0f} s  {done}/{len(left)}  {name}: {attained:.4f}", file=sys.stderr, flush=True)
            if within_s is not None and took_s > within_s:
                return
    finally:
        executor.close()


def _whole(spec: StudySpec) -> Study | None:
    """The study of as many seeds as every policy was run with, None where there is not one."""
    records: dict[str, list[RunRecord]] = {choice.label: [] for choice in spec.policies}
    seeds = 0
    for seed in range(1, spec.seeds + 1):
        found = {cell.policy.label: kept(task_of(cell)) for cell in spec.cells() if cell.seed == seed}
        whole = {label: record for label, record in found.items() if record is not None}
        if len(whole) < len(found):
            break
        for label, record in whole.items():
            records[label].append(record)
        seeds = seed
    if not seeds:
        return None
    return study_of(replace(spec, seeds=seeds), {label: tuple(of) for label, of in records.items()})


if __name__ == "__main__":
    sys.exit(main())
