"""An engine from measured points: the two equations by least squares, with the error that remains.

Relative errors are minimised, because a step of 10 ms that is 5 ms wrong is worse than one of 100 ms. Coefficients
never become negative: a curve that bends below zero would promise prompts that take no time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from heteroscale.simulator.engines.grid import GridError, Point, read_grid
from heteroscale.simulator.trace import FloatArray
from heteroscale.simulator.world.engine import Engine

NOT_MEASURED = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients in milliseconds, and the relative errors that remain."""

    coefficients: tuple[float, float, float]
    error_frac_median: float
    error_frac_max: float

    def __str__(self) -> str:
        return f"median {self.error_frac_median:.1%}, at most {self.error_frac_max:.1%}"


def fit_engine(csv_lines: Iterable[str], name: str) -> Engine:
    """Fit the points of a grid. One without decode points becomes a prefill engine, and the other way round.

    Raises GridError for what `read_grid` refuses, and for points that do not determine the equations.
    """
    grid = read_grid(csv_lines)
    prefill = _fitted("prefill", grid.prefill, [(1.0, p.tokens, p.tokens**2) for p in grid.prefill])
    decode = _fitted("decode", grid.decode, [(1.0, p.batch, p.batch * p.tokens) for p in grid.decode])
    errors = [f"{phase} {fit}" for phase, fit in (("prefill", prefill), ("decode steps", decode)) if fit]
    return Engine(
        name=name,
        model=grid.model,
        gpus=grid.gpus,
        prefill_s=_seconds(prefill),
        step_s=_seconds(decode),
        kv_tokens_max=grid.kv_tokens_max,
        kv_bytes_per_token=grid.kv_bytes_per_token,
        quantisation="that of the measured points",
        source=f"fitted to {len(grid.prefill) + len(grid.decode)} points of {grid.described}",
        fit_error="; ".join(errors),
        prefill_ranks=grid.ranks,
        prefills=prefill is not None,
        decodes=decode is not None,
    )


def _fitted(phase: str, points: tuple[Point, ...], terms: list[tuple[float, ...]]) -> Fit | None:
    if not points:
        return None
    ms = np.array([point.ms for point in points])
    relative = np.array(terms, dtype=np.float64) / ms[:, None]
    scale = np.abs(relative).max(axis=0)
    if np.linalg.matrix_rank(relative / scale) < 3:
        raise GridError(f"the {phase} points do not determine the three coefficients; measure more lengths and batches")
    chosen = _not_negative(relative / scale) / scale
    errors = np.abs(relative @ chosen - 1)
    first, second, third = chosen.tolist()
    return Fit((first, second, third), float(np.median(errors)), float(errors.max()))


def _not_negative(relative: FloatArray) -> FloatArray:
    """The least squares solution of `relative @ x = 1` among those without negative coefficients.

    It is the best of the unrestricted ones over some of the columns, and of three columns all subsets can be tried.
    """
    best, least = np.zeros(3), np.inf
    for count in (3, 2, 1):
        for columns in combinations(range(3), count):
            part, *_ = np.linalg.lstsq(relative[:, columns], np.ones(len(relative)), rcond=None)
            rest = float(((relative[:, columns] @ part - 1) ** 2).sum())
            if (part >= 0).all() and rest < least:
                best, least = np.zeros(3), rest
                best[list(columns)] = part
    return best


def _seconds(fit: Fit | None) -> tuple[float, float, float]:
    if fit is None:
        return NOT_MEASURED
    first, second, third = fit.coefficients
    return first / 1e3, second / 1e3, third / 1e3
