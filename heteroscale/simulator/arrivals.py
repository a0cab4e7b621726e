"""Requests cut from a recorded load, all of them drawn from one seed before the world starts.

Drawing first keeps the load the same whatever the policy does: two policies are compared on the same requests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heteroscale.simulator.trace.recorded import FloatArray, IntArray, RateTrace, RequestTrace, Trace

REQUESTS_MAX = 100_000_000  # some 100 bytes each in the compiled world
GRID_S = 1.0  # the load's integral is tabulated at this step; within it the rate counts as constant
COPY_SPREAD_S = 30.0  # how far the copies of a recorded request lie from it: at its very moment they would be a burst


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadShape:
    """How a recorded load becomes requests.

    scale: factor on the load. prompt_tokens_mean: the recorded token rates are cut into requests of this mean; None: as
    many requests as were recorded. prompt_sigma, output_sigma: of the lognormal lengths (0: all equal).
    prompt_tokens_max: longer ones are clipped, and all are then scaled back to the mean. arrival_cv: coefficient of
    variation of the times between arrivals, Gamma-distributed (1: Poisson) and stretched to follow the rate. seed: of
    everything.

    Single requests with prompt_tokens_mean None are taken as they are, at their own times and lengths: each is kept
    with probability `scale`, or copied that often within half a minute of it.
    """

    scale: float
    prompt_tokens_mean: float | None = 8000.0
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


def cut_into_requests(trace: Trace, shape: LoadShape, *, from_s: float, until_s: float) -> Requests:
    """Requests of the trace between two of its times; the first time becomes 0.

    Raises ValueError where these hours have no load at all, and where a trace without request counts is to be cut as
    recorded.
    """
    match trace, shape.prompt_tokens_mean:
        case RequestTrace(), None:
            return _as_recorded(trace, shape, from_s, until_s)
        case RequestTrace(), _:
            return _drawn(trace.per_window(), shape, from_s, until_s)
        case RateTrace(), _:
            return _drawn(trace, shape, from_s, until_s)


def _drawn(trace: RateTrace, shape: LoadShape, from_s: float, until_s: float) -> Requests:
    """A request's prompt and answer are drawn around the means of its moment: token rates over the request rate."""
    generator = np.random.default_rng(shape.seed)
    grid_s = np.arange(from_s, until_s + GRID_S / 2, GRID_S)
    input_tps, output_tps = trace.rates_at(grid_s)
    requests_per_s = _requests_per_s(trace, shape, grid_s, input_tps)
    expected = np.concatenate(([0.0], np.cumsum(requests_per_s[:-1] * np.diff(grid_s)))) * shape.scale
    if expected[-1] <= 0:
        raise ValueError("the trace has no prompt tokens in the chosen hours")
    _check_count(float(expected[-1]))
    arrival_s = np.interp(_renewals(generator, expected[-1], shape.arrival_cv), expected, grid_s) - from_s
    prompt_mean = np.interp(arrival_s + from_s, grid_s, _per_request(input_tps, requests_per_s))
    output_mean = np.interp(arrival_s + from_s, grid_s, _per_request(output_tps, requests_per_s))
    answers = output_mean * _lognormal(generator, len(arrival_s), shape.output_sigma)
    prompts = prompt_mean * _prompt_factors(generator, prompt_mean, shape)
    return Requests(arrival_s, _whole(prompts), _whole(answers))


def _requests_per_s(trace: RateTrace, shape: LoadShape, grid_s: FloatArray, input_tps: FloatArray) -> FloatArray:
    if shape.prompt_tokens_mean is not None:
        return input_tps / shape.prompt_tokens_mean
    recorded = trace.requests_at(grid_s)
    if recorded is None:
        raise ValueError("the trace counts no requests, only tokens; say how long a prompt is in the mean")
    return recorded


def _per_request(tokens_per_s: FloatArray, requests_per_s: FloatArray) -> FloatArray:
    return np.divide(tokens_per_s, requests_per_s, out=np.zeros_like(tokens_per_s), where=requests_per_s > 0)


def _renewals(generator: np.random.Generator, until: float, cv: float) -> FloatArray:
    """Times of a renewal process of rate 1 with Gamma gaps (shape 1/cv**2) in 0..until."""
    if not cv:
        return np.arange(1.0, until)
    shape = 1.0 / cv**2
    enough = int(until + 10 * cv * np.sqrt(until) + 50 * (1 + cv**2))
    times: FloatArray = np.cumsum(generator.gamma(shape, 1.0 / shape, enough))
    return times[times < until]


def _prompt_factors(generator: np.random.Generator, means: FloatArray, shape: LoadShape) -> FloatArray:
    """What each prompt is of its mean: 1 on the average, although those above the maximum are clipped."""
    drawn = _lognormal(generator, len(means), shape.prompt_sigma)
    clipped = np.minimum(drawn, shape.prompt_tokens_max / np.maximum(means, 1.0))
    total = float((means * clipped).sum())
    return clipped * (float(means.sum()) / total) if total > 0 else clipped


def _lognormal(generator: np.random.Generator, count: int, sigma: float) -> FloatArray:
    """Lognormal with mean 1."""
    return generator.lognormal(-(sigma**2) / 2, sigma, count)


def _check_count(requests: float) -> None:
    if requests > REQUESTS_MAX:
        raise ValueError(
            f"the load comes to {requests:.3g} requests, more than the {REQUESTS_MAX:,} that fit into memory; "
            "lower the scale, take fewer hours, or cut it into longer prompts"
        )


def _as_recorded(trace: RequestTrace, shape: LoadShape, from_s: float, until_s: float) -> Requests:
    generator = np.random.default_rng(shape.seed)
    low, high = np.searchsorted(trace.arrival_s, (from_s, until_s))
    if low == high:
        raise ValueError("the trace has no requests in the chosen hours")
    _check_count(float(high - low) * shape.scale)
    whole = int(shape.scale)
    copies = whole + (generator.random(high - low) < shape.scale - whole)
    chosen = np.repeat(np.arange(low, high), copies)
    first = np.concatenate(([True], chosen[1:] != chosen[:-1])) if len(chosen) else np.zeros(0, dtype=np.bool_)
    moved_s = np.where(first, 0.0, generator.uniform(-COPY_SPREAD_S, COPY_SPREAD_S, len(chosen)))
    arrival_s = np.clip(trace.arrival_s[chosen] - from_s + moved_s, 0.0, until_s - from_s)
    order = np.argsort(arrival_s, kind="stable")
    return Requests(
        arrival_s[order],
        np.maximum(1, trace.prompt_tokens[chosen][order]),
        np.maximum(1, trace.output_tokens[chosen][order]),
    )


def _whole(tokens: FloatArray) -> IntArray:
    return np.maximum(1, np.rint(tokens)).astype(np.int64)
