"""Small cells: a service whose numbers fit the engine, and loads of minutes that cost a second."""

from __future__ import annotations

import math
from dataclasses import replace

from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.arrivals import LoadShape
from heteroscale.simulator.cell import Cell
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4 as ENGINE
from heteroscale.simulator.policy.registry import parse_choice
from heteroscale.simulator.trace import RateTrace
from heteroscale.simulator.world.start_up import StartUp
from tests.services import service

__all__ = ["ENGINE", "cell", "chat", "day_and_night", "rates"]

BIN_S = 300.0


def chat(*, most: int = 60) -> DisaggregatedService:
    """Capacities as they were measured for prompts of 8,000 tokens, 2.5 s and 25 ms (`command/demo_service.py`)."""
    role = {"minReplicas": 1, "maxReplicas": most, "gpusPerReplica": ENGINE.gpus}
    return service(
        roles={"prefill": role, "decode": role},
        ratio={"prefill": 7, "decode": 6, "tolerance": 0.15},
        load={
            "decode": {"metric": "decodeTps", "targetPerReplica": 1884.0, "capacityPerReplica": 3140.0},
            "prefill": {"metric": "prefillTps", "targetPerReplica": 9840.0, "capacityPerReplica": 16400.0},
        },
        guards=[
            {"metric": "ttft", "percentile": 90, "target": "2500ms"},
            {"metric": "tbt", "percentile": 90, "target": "25ms"},
        ],
    )


def rates(input_tps: list[float], in_per_out: float = 6.07) -> RateTrace:
    """Windows of five minutes."""
    starts = tuple(BIN_S * index for index in range(len(input_tps)))
    return RateTrace(BIN_S, starts, tuple(input_tps), tuple(tps / in_per_out for tps in input_tps))


def day_and_night(*, hours: float, low: float, high: float) -> RateTrace:
    """A cosine from its peak through the trough and back to the peak."""
    count = round(hours * 3600 / BIN_S)
    middle, reach = (high + low) / 2, (high - low) / 2
    return rates([middle + reach * math.cos(2 * math.pi * (index + 0.5) / count) for index in range(count)])


def cell(policy: str, trace: RateTrace, *, seed: int = 1, start_up_s: float = 120.0, **changes: object) -> Cell:
    """One policy on one load, to its end."""
    plain = Cell(
        service=chat(),
        trace=trace,
        shape=LoadShape(scale=1.0, seed=seed),
        prefill=ENGINE,
        decode=ENGINE,
        policy=parse_choice(policy),
        until_s=trace.starts_s[-1] + trace.window_s,
        start_up=StartUp(mean_s=start_up_s, jitter_s=start_up_s / 8, seed=seed),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
