"""The figures of one run. Every one is defined here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disaggregated_service.core.pair import Role
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.cell import Sample
from heteroscale.simulator.policy.demand import demand_of
from heteroscale.simulator.policy.policy import Plant
from heteroscale.simulator.trace import FloatArray
from heteroscale.simulator.world.result import Results, Slo

FIGURES: Mapping[str, str] = {
    "slo_attainment_frac": "share of all requests that met both targets; who was not answered did not",
    "ttft_attainment_frac": "share that met the first token's target",
    "tbt_attainment_frac": "share that met the target between tokens, as the mean over the request",
    "goodput_per_gpu_hour": "requests that met both targets, per GPU-hour",
    "gpu_hours": "GPUs from the moment they are asked for until they are let go, start-up and drain included",
    "prefill_gpu_util_mean": "share of the ready replicas' time in which a kernel ran, prefill",
    "decode_gpu_util_mean": "the same of decode: whenever there is a request at all",
    "prefill_sm_active_mean": "SM activity, prefill",
    "decode_sm_active_mean": "SM activity, decode",
    "ttft_ms_p50": "time to first token, queueing and KV transfer included",
    "ttft_ms_p90": "the same, exceeded by a tenth of the requests",
    "ttft_ms_p99": "the same, exceeded by a hundredth",
    "tbt_ms_p50": "time between tokens, the mean over each request",
    "tbt_ms_p90": "the same, exceeded by a tenth of the requests",
    "tbt_ms_p99": "the same, exceeded by a hundredth",
    "ratio_error_mean": "mean over minutes of |P/D ready over P/D needed - 1|, needed by the load of ten minutes",
    "actions_per_hour": "pools resized",
    "recovery_s": "from the largest rise within ten minutes until five minutes in a row are good again",
    "requests": "requests in the load",
}

NEEDED_BIN_S = 600.0
GOOD_MINUTES = 5
GOOD_FRAC = 0.99


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each request. Those not answered by the end have the latencies that they had suffered by then, at

    the least; `finished` says whose are final.
    """

    first_token_s: FloatArray
    finish_s: FloatArray
    ttft_s: FloatArray
    tbt_s: FloatArray
    finished: NDArray[np.bool_]
    met_ttft: NDArray[np.bool_]
    met_tbt: NDArray[np.bool_]

    @property
    def met(self) -> NDArray[np.bool_]:
        both: NDArray[np.bool_] = self.met_ttft & self.met_tbt
        return both


def outcome_of(results: Results, requests: Requests, slo: Slo, *, end_s: float) -> Outcome:
    """Judged request by request; `end_s` is when the world was stopped."""
    first_token_s, finish_s = np.asarray(results.first_token_s), np.asarray(results.finish_s)
    begun, finished = ~np.isnan(first_token_s), ~np.isnan(finish_s)
    ttft_s = np.where(begun, first_token_s, end_s) - requests.arrival_s
    written = np.maximum(1, requests.output_tokens - 1)
    since_s = np.where(begun, first_token_s, end_s)
    tbt_s = (np.where(finished, finish_s, end_s) - since_s) / written
    return Outcome(
        first_token_s,
        finish_s,
        ttft_s,
        tbt_s,
        finished,
        begun & (ttft_s <= slo.ttft_s),
        finished & (tbt_s <= slo.tbt_s),
    )


def figures_of(
    plant: Plant,
    outcome: Outcome,
    samples: Sequence[Sample],
    *,
    gpu_hours: float,
    actions: int,
    busy: Mapping[str, float],
) -> Mapping[str, float]:
    """Every figure of FIGURES; `busy` are the world's own shares of time."""
    met = outcome.met
    figures = {
        "slo_attainment_frac": float(np.mean(met)),
        "ttft_attainment_frac": float(np.mean(outcome.met_ttft)),
        "tbt_attainment_frac": float(np.mean(outcome.met_tbt)),
        "goodput_per_gpu_hour": float(np.count_nonzero(met)) / gpu_hours,
        "gpu_hours": gpu_hours,
        **busy,
        "ratio_error_mean": ratio_error(plant, samples),
        "actions_per_hour": actions / (plant.duration_s / 3600),
        "recovery_s": recovery_s(plant, met),
        "requests": float(len(met)),
    }
    for name, values in (("ttft", outcome.ttft_s), ("tbt", outcome.tbt_s)):
        for percentile, value in zip((50, 90, 99), np.percentile(values, (50, 90, 99)), strict=True):
            figures[f"{name}_ms_p{percentile}"] = 1000 * float(value)
    return {name: figures[name] for name in FIGURES if name in figures}


def ratio_error(plant: Plant, samples: Sequence[Sample]) -> float:
    """How far the ready ratio was from the one that the load needed, on average; 0 where nothing was needed."""
    demand = demand_of(plant.requests, duration_s=plant.duration_s, bin_s=NEEDED_BIN_S, tbt_s=plant.slo.tbt_s)
    prefill = demand.prefill_tps / plant.capacity_tps(Role.PREFILL)
    decode = demand.decode_tps / plant.capacity_tps(Role.DECODE)
    errors = []
    for sample in samples:
        at = min(len(prefill) - 1, int((sample.at_s - 1) // NEEDED_BIN_S))
        if prefill[at] > 0 and decode[at] > 0 and sample.ready.decode:
            errors.append(abs(sample.ready.prefill / sample.ready.decode / (prefill[at] / decode[at]) - 1))
    return float(np.mean(errors)) if errors else 0.0


def recovery_s(plant: Plant, met: NDArray[np.bool_]) -> float:
    """Seconds after the largest rise of the load; 0 where no minute of the twenty after it fell below 99 %."""
    demand = demand_of(plant.requests, duration_s=plant.duration_s, bin_s=NEEDED_BIN_S, tbt_s=plant.slo.tbt_s)
    needed = sum(demand.of(role) / plant.capacity_tps(role) * plant.engine(role).gpus for role in Role)
    if len(np.atleast_1d(needed)) < 2:
        return 0.0
    begin_s = (int(np.argmax(np.diff(needed))) + 1) * NEEDED_BIN_S - NEEDED_BIN_S / 2
    minutes = np.arange(begin_s, plant.duration_s + 60, 60)
    arrived = np.histogram(plant.requests.arrival_s, minutes)[0]
    good = np.histogram(plant.requests.arrival_s[met], minutes)[0]
    bad = good < GOOD_FRAC * arrived
    if not bad[: math.ceil(2 * NEEDED_BIN_S / 60)].any():
        return 0.0
    first_bad = int(np.argmax(bad))
    for minute in range(first_bad, len(bad)):
        if not bad[minute : minute + GOOD_MINUTES].any():
            return minute * 60.0
    return len(bad) * 60.0
