"""Requests cut from a recorded load, all of them drawn from one seed before the world starts.

Drawing first keeps the load the same whatever the policy does: two policies are compared on the same requests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heteroscale.simulator.trace import FloatArray, RateTrace

IntArray = NDArray[np.int64]

GRID_S = 1.0  # the load's integral is tabulated at this step; within it the rate counts as constant


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadShape:
    """How token rates become requests.

    scale: factor on both token rates. prompt_tokens_mean: the recorded rates are cut into requests of this mean.
    prompt_sigma, output_sigma: of the lognormal lengths (0: all equal). prompt_tokens_max: longer ones are clipped,
    and all are then scaled back to the mean. arrival_cv: coefficient of variation of the times between arrivals (1:
    Poisson), stretched to follow the rate. seed: of everything.
    """

    scale: float
    prompt_tokens_mean: float = 8000.0
    prompt_sigma: float = 0.5
    prompt_tokens_max: float = 24_000.0
    output_sigma: float = 0.5
    arrival_cv: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in the order of arrival: seconds since the start, prompt tokens, tokens to write (at least 1)."""

    arrival_s: FloatArray
    prompt_tokens: IntArray
    output_tokens: IntArray

    def __len__(self) -> int:
        return len(self.arrival_s)


def cut_into_requests(trace: RateTrace, shape: LoadShape, *, from_s: float, until_s: float) -> Requests:
    """Requests of the trace between two of its times.

    A request's prompt is drawn from the lognormal; its answer has the mean `output rate / request rate` of its moment.
    Raises ValueError where the load has no tokens at all.
    """
    generator = np.random.default_rng(shape.seed)
    grid_s = np.arange(from_s, until_s + GRID_S / 2, GRID_S)
    input_tps, output_tps = trace.rates_at(grid_s)
    requests_per_s = input_tps * shape.scale / shape.prompt_tokens_mean
    expected = np.concatenate(([0.0], np.cumsum(requests_per_s[:-1] * np.diff(grid_s))))
    if expected[-1] <= 0:
        raise ValueError("the trace has no prompt tokens in the chosen hours")
    arrival_s = np.interp(_renewals(generator, expected[-1], shape.arrival_cv), expected, grid_s) - from_s
    per_prompt_token = np.divide(output_tps, input_tps, out=np.zeros_like(output_tps), where=input_tps > 0)
    output_mean = np.interp(arrival_s + from_s, grid_s, per_prompt_token) * shape.prompt_tokens_mean
    answers = output_mean * _lognormal(generator, len(arrival_s), shape.output_sigma)
    return Requests(
        arrival_s,
        np.maximum(1, np.rint(_prompts(generator, len(arrival_s), shape))).astype(np.int64),
        np.maximum(1, np.rint(answers)).astype(np.int64),
    )


def _renewals(generator: np.random.Generator, until: float, cv: float) -> FloatArray:
    """Times of a renewal process of rate 1 with Gamma gaps (shape 1/cv**2) in 0..until."""
    shape = 1.0 / cv**2
    enough = int(until + 10 * cv * np.sqrt(until) + 50)
    times: FloatArray = np.cumsum(generator.gamma(shape, 1.0 / shape, enough))
    return times[times < until]


def _prompts(generator: np.random.Generator, count: int, shape: LoadShape) -> FloatArray:
    drawn = shape.prompt_tokens_mean * _lognormal(generator, count, shape.prompt_sigma)
    clipped = np.minimum(drawn, shape.prompt_tokens_max)
    return clipped * (shape.prompt_tokens_mean / clipped.mean()) if count else clipped


def _lognormal(generator: np.random.Generator, count: int, sigma: float) -> FloatArray:
    """Lognormal with mean 1."""
    return generator.lognormal(-(sigma**2) / 2, sigma, count)
