"""`heteroscale simulate`: what each policy would have done for this service under a recorded load.

With an objective it is the paper's Algorithm 1: the candidates are tried, and the one that serves the objective best
is printed with its settings, ready to paste.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from heteroscale.command import simulate_text
from heteroscale.command.simulate_asked import CallersMistake, executor_of, spec_of
from heteroscale.command.simulate_options import add_options
from heteroscale.command.simulate_progress import Progress
from heteroscale.simulator.executor import Executor
from heteroscale.simulator.objective import Objective, candidates
from heteroscale.simulator.policy.registry import Choice
from heteroscale.simulator.study import Study, StudySpec, run_study, study_json

EXAMPLE = """examples:
  heteroscale simulate chat.yaml --trace load.csv
  heteroscale simulate chat.yaml --trace load.csv --policy heteroscale-measured --policy dynamo:demand_factor=1.3
  heteroscale simulate chat.yaml --trace load.csv --objective "min gpu_hours where slo_attainment_frac >= 0.99"
"""

FINALISTS = 5
"""Of the candidates, after one seed each, that are run with all seeds."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "simulate",
        help="what each policy would have done for a service under a recorded load",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, or 2 for a caller's mistake: a broken service or trace, an impossible SLO, a cluster that does not answer."""
    try:
        spec, objective, notes = spec_of(args)
        executor = executor_of(args)
    except CallersMistake as mistake:
        print(mistake, file=sys.stderr)
        return 2
    for note in notes:
        print(note, file=sys.stderr)
    try:
        study = _searched(spec, objective, executor) if objective else _run(spec, executor, "policies")
    finally:
        executor.close()
    print(simulate_text.summary(study))
    if objective is not None:
        print(simulate_text.choice(study, objective))
    _write(study, args.json, args.report)
    return 0


def _searched(spec: StudySpec, objective: Objective, executor: Executor) -> Study:
    """All candidates with the first seed, then the best few of them with every seed."""
    tried = candidates(spec.policies)
    first = _run(replace(spec, policies=tried, seeds=1), executor, f"{len(tried)} candidates, one seed")
    if spec.seeds == 1:
        return first
    best = objective.ranked(first.table)[:FINALISTS]
    kept: Sequence[Choice] = [choice for choice in tried if choice.label in best]
    return _run(replace(spec, policies=tuple(kept)), executor, f"the best {len(kept)}, {spec.seeds} seeds")


def _run(spec: StudySpec, executor: Executor, words: str) -> Study:
    with Progress(words, len(spec.policies) * spec.seeds) as progress:
        return run_study(spec, executor, watch=progress.advanced)


def _write(study: Study, json_file: Path | None, report_file: Path | None) -> None:
    if json_file is not None:
        json_file.write_text(json.dumps(study_json(study), indent=1) + "\n", encoding="utf-8")
    if report_file is not None:
        from heteroscale.simulator.report import html_report

        report_file.write_text(html_report(study), encoding="utf-8")
