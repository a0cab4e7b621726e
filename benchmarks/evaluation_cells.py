"""Cells that were run before, by a hash of everything that their outcome depends on: the cell, the trace, the program.

A run that is stopped goes on where it was; one after a change of the program begins anew. What a cell prints is not
kept, only its figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks import evaluation_grid
from benchmarks.evaluation_grid import Fleet, Load, Measured, measure
from disaggregated_service.core.pair import Role
from heteroscale.simulator.cell import Cell, RunRecord
from heteroscale.simulator.loop import run_cell
from heteroscale.simulator.policy.oracle import OracleSettings

ROOT = Path(__file__).resolve().parents[1]
GRID = Path(evaluation_grid.__file__)
FOLDER = ROOT / ".evaluation"
DECIDES = ("disaggregated_service/core", "scaler/core", "heteroscale/coordinator", "heteroscale/simulator")
DECIDES_NOTHING = ("report", "sweep", "exposition", "replica_server", "keda_client", "executor")
"""Parts of the simulator whose change leaves every figure as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A cell to be run by whoever is free."""

    cell: Cell
    file: Path


def task_of(cell: Cell) -> Task:
    """Where the cell's figures are, or will be."""
    values = {one.name: getattr(cell, one.name) for one in fields(cell)}
    values["trace"], values["calendar"] = _bytes_of(cell.trace), cell.calendar.__qualname__
    content = f"{values!r} {program()}"
    return Task(cell=cell, file=FOLDER / f"{sha256(content.encode()).hexdigest()[:32]}.json")


def run_and_keep(task: Task) -> float:
    """Runs a cell that is not there yet; its attainment. The worker writes, so that nothing done is lost."""
    found = kept(task)
    if found is None:
        found = run_cell(task.cell)
        settings = found.cell.policy.settings
        headroom = settings.headroom if isinstance(settings, OracleSettings) else None
        _write(task.file, {"figures": dict(found.figures), "headroom": headroom})
    return found.figures["slo_attainment_frac"]


def kept(task: Task) -> RunRecord | None:
    """The record of a cell that was run before, without its samples."""
    document = _read(task.file)
    if document is None:
        return None
    cell = task.cell
    if document["headroom"] is not None:
        settings = replace(cell.policy.settings, headroom=document["headroom"])
        cell = replace(cell, policy=replace(cell.policy, settings=settings))
    return RunRecord(cell=cell, figures=document["figures"])


def measured(load: Load, fleet: Fleet) -> Measured:
    """The pressure test, kept likewise."""
    content = f"{load!r} {fleet!r} {fleet.of!r} {_bytes_of(load.path)} {_bytes_of(GRID)} {program()}"
    file = FOLDER / f"capacity-{sha256(content.encode()).hexdigest()[:32]}.json"
    document = _read(file)
    if document is None:
        found = measure(load, fleet)
        document = {
            "scale": found.scale,
            "capacity_tps": {role.value: found.capacity_tps[role] for role in Role},
            "peak_replicas": {role.value: found.peak_replicas[role] for role in Role},
        }
        _write(file, document)
    return Measured(
        scale=document["scale"],
        capacity_tps={Role(name): value for name, value in document["capacity_tps"].items()},
        peak_replicas={Role(name): value for name, value in document["peak_replicas"].items()},
    )


@cache
def program() -> str:
    """A digest of the sources that decide a figure."""
    digest = sha256()
    for file in _sources():
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _sources() -> Iterator[Path]:
    for folder in DECIDES:
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            if not parts[0].startswith(DECIDES_NOTHING):
                yield file


@cache
def _bytes_of(trace: object) -> str:
    return sha256(trace.read_bytes()).hexdigest() if isinstance(trace, Path) else repr(trace)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return document


def _write(file: Path, document: object) -> None:
    """Whole or not at all."""
    file.parent.mkdir(exist_ok=True)
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(file)
