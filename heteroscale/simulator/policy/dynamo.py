"""NVIDIA Dynamo's planner: predicted requests over what one engine carries within the SLA.

Source: ai-dynamo/dynamo, components/src/dynamo/planner/core/throughput_scaling.py: every adjustment interval (180 s)
request count, prompt and answer lengths are predicted (here by its `constant` predictor, the last interval's values,
or by `trend`, the last change once more); an engine's requests/s come from its performance model, prefill at one
prompt at a time, decode at the largest batch whose step meets the ITL target with contexts of `isl + osl/2`; replicas
are the demand over that, rounded up, each role by itself. While a change is under way (ready is not yet wanted) its
Kubernetes connector ignores the next. The model is exact here, which the real one is not. It plans for the edge of
the SLA without headroom; `demand_factor` is the operator's remedy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from disaggregated_service.core.pair import Pair
from heteroscale.simulator.policy.policy import Hands, Plant
from heteroscale.simulator.signals_seen import Seen
from heteroscale.simulator.world.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoSettings:
    """predictor: `constant` or `trend`. demand_factor: on the predicted requests."""

    interval_s: float = 180.0
    predictor: str = "constant"
    demand_factor: float = 1.0

    def __post_init__(self) -> None:
        if self.predictor not in {"constant", "trend"}:
            raise ValueError(f"predictor={self.predictor}: write constant or trend")


@dataclass(frozen=True, slots=True)
class Traffic:
    """One interval: requests/s and mean lengths in tokens."""

    requests_per_s: float
    prompt_tokens: float
    answer_tokens: float


class Dynamo:
    """Throughput-based scaling in SLA mode."""

    hands = Hands.CONTROLLER
    looks = True

    def __init__(self, settings: DynamoSettings, plant: Plant) -> None:
        self._settings = settings
        self._plant = plant
        self._counted = (0.0, 0, 0.0)
        self._before: Traffic | None = None
        self.every_s = settings.interval_s
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        traffic = self._measured(seen, now_s)
        before, self._before = self._before, traffic
        if traffic is None:
            self.reason = "no traffic in the interval"
            return seen.wanted
        if seen.ready != seen.wanted:
            self.reason = "a change is under way"
            return seen.wanted
        predicted = _trend(before, traffic) if self._settings.predictor == "trend" and before else traffic
        demand = predicted.requests_per_s * self._settings.demand_factor
        slo = self._plant.slo
        reading = prefill_requests_per_s(self._plant.prefill, predicted)
        writing = decode_requests_per_s(self._plant.decode, predicted, slo.tbt_s)
        floor = math.ceil(self._plant.prefill.prefill_duration_s(predicted.prompt_tokens) / slo.ttft_s)
        self.reason = f"{demand:.2f} requests/s over {reading:.2f} P, {writing:.2f} D"
        return self._plant.bounded_pair(max(math.ceil(demand / reading), floor), math.ceil(demand / writing))

    def _measured(self, seen: Seen, now_s: float) -> Traffic | None:
        at_s, arrived, tokens = self._counted
        self._counted = (now_s, seen.arrived, seen.prompt_tokens)
        requests = seen.arrived - arrived
        if now_s <= at_s or requests <= 0 or math.isnan(seen.answer_tokens_mean):
            return None
        return Traffic(requests / (now_s - at_s), (seen.prompt_tokens - tokens) / requests, seen.answer_tokens_mean)


def prefill_requests_per_s(engine: Engine, traffic: Traffic) -> float:
    """Prompts of the mean length, one after the other."""
    return engine.prefill_ranks / engine.prefill_duration_s(traffic.prompt_tokens)


def decode_requests_per_s(engine: Engine, traffic: Traffic, tbt_s: float) -> float:
    """At the largest batch whose step takes `tbt_s` at most and whose contexts fit; at least a batch of one."""
    d0, d1, d2 = engine.step_s
    context = traffic.prompt_tokens + traffic.answer_tokens / 2
    fitting = engine.kv_tokens_max / (traffic.prompt_tokens + traffic.answer_tokens)
    running = max(1, math.floor(min((tbt_s - d0) / (d1 + d2 * context), fitting)))
    return running / (traffic.answer_tokens * engine.step_duration_s(running, running * context))


def _trend(before: Traffic, now: Traffic) -> Traffic:
    def onward(old: float, new: float) -> float:
        return max(new / 2, new + (new - old))

    return Traffic(
        onward(before.requests_per_s, now.requests_per_s),
        onward(before.prompt_tokens, now.prompt_tokens),
        onward(before.answer_tokens, now.answer_tokens),
    )
