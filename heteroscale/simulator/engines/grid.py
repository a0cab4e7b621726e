"""Measured points of one engine, from a CSV: how long a prefill or a decode step took, under what.

The columns are those of the grid that aiconfigurator's estimates come in: model, system (h100_sxm), tp, attention_dp,
gpus, phase (prefill or decode), isl_or_context (prompt tokens, or context of each request), batch_global, ms; and
kv_tokens_max and kv_bytes_per_token where model or GPU are not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from heteroscale.simulator.engines.hardware import HBM_BYTES, MODELS, kv_tokens_max
from heteroscale.simulator.trace.recorded import TraceError
from heteroscale.simulator.trace.rows import number, rows_of, tokens

COLUMNS = ("model", "system", "tp", "attention_dp", "gpus", "phase", "isl_or_context", "batch_global", "ms")
ENGINE_COLUMNS = ("model", "system", "backend", "backend_version", "tp", "attention_dp", "gpus")
MEMORY_COLUMNS = ("kv_tokens_max", "kv_bytes_per_token")

Row = dict[str, str | None]


class GridError(ValueError):
    """The grid cannot be used; says in which line, and what would be right."""


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement. tokens: of the prompt, or of each request's context; batch: over the whole engine."""

    tokens: int
    batch: int
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One engine's points. described: what they were measured on, in the words of the file."""

    described: str
    model: str
    gpus: int
    ranks: int
    kv_tokens_max: int
    kv_bytes_per_token: float
    prefill: tuple[Point, ...]
    decode: tuple[Point, ...]


def read_grid(lines: Iterable[str]) -> Grid:
    """Raises GridError with the line for a bad row, for points of two engines in one file, and for an empty one."""
    try:
        rows = list(rows_of(lines, COLUMNS))
        if not rows:
            raise GridError("the grid is empty; it needs points of phase prefill, of phase decode, or of both")
        first_line, first = rows[0]
        for line, row in rows:
            if _engine_of(row) != _engine_of(first):
                raise GridError(
                    f"line {line}: {' '.join(_engine_of(row))}, but line {first_line} is of "
                    f"{' '.join(_engine_of(first))}; keep the rows of one engine"
                )
        ranks = max(1, tokens(first["attention_dp"], "attention_dp", first_line))
        memory_tokens, bytes_per_token = _memory(first, first_line)
        return Grid(
            described=" ".join(_engine_of(first)),
            model=(first["model"] or "").lower().removeprefix("meta-"),
            gpus=tokens(first["gpus"], "gpus", first_line),
            ranks=ranks,
            kv_tokens_max=memory_tokens,
            kv_bytes_per_token=bytes_per_token,
            prefill=_points(rows, "prefill", ranks),
            decode=_points(rows, "decode", ranks),
        )
    except TraceError as error:
        raise GridError(str(error)) from None


def _engine_of(row: Row) -> tuple[str, ...]:
    return tuple(value for column in ENGINE_COLUMNS if (value := row.get(column)))


def _points(rows: list[tuple[int, Row]], phase: str, ranks: int) -> tuple[Point, ...]:
    points: list[Point] = []
    for line, row in rows:
        if row["phase"] not in {"prefill", "decode"}:
            raise GridError(f"line {line}: phase is {row['phase']!r}; it is prefill or decode")
        if row["phase"] != phase:
            continue
        length = tokens(row["isl_or_context"], "isl_or_context", line)
        batch = tokens(row["batch_global"], "batch_global", line)
        ms = number(row["ms"], "ms", line)
        if not (length and batch and ms):
            raise GridError(f"line {line}: isl_or_context, batch_global and ms must be above 0")
        if phase == "prefill" and batch != ranks:
            raise GridError(
                f"line {line}: batch_global is {batch}; a prefill point has one prompt per rank, which makes {ranks}"
            )
        points.append(Point(length, batch, ms))
    return tuple(points)


def _memory(row: Row, line: int) -> tuple[int, float]:
    if all(row.get(column) for column in MEMORY_COLUMNS):
        stated, per_token = (row[column] for column in MEMORY_COLUMNS)
        return tokens(stated, MEMORY_COLUMNS[0], line), number(per_token, MEMORY_COLUMNS[1], line)
    model = MODELS.get((row["model"] or "").lower().removeprefix("meta-"))
    gpu = (row["system"] or "").split("_")[0].lower()
    if model is None or gpu not in HBM_BYTES:
        raise GridError(
            f"line {line}: the memory of model {row['model']} on {row['system']} is not known; "
            f"add the columns {' and '.join(MEMORY_COLUMNS)}"
        )
    held = kv_tokens_max(model, gpu, tokens(row["gpus"], "gpus", line))
    if held <= 0:
        raise GridError(f"line {line}: the weights of {model.name} do not fit into {row['gpus']} GPUs of {gpu}")
    return held, model.kv_bytes_per_token
