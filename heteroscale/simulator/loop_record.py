"""What is written down during a run: a minute's state, and every pool that was resized."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from disaggregated_service.core.pair import Pair
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.cell import Sample
from heteroscale.simulator.measure import Outcome
from heteroscale.simulator.trace import FloatArray
from heteroscale.simulator.world.interface import SimulatedWorld

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Minute:
    """The state at the end of a minute."""

    at_s: float
    wanted: Pair
    ready: Pair
    reason: str


class Recorder:
    """One run's notes."""

    def __init__(self) -> None:
        self.actions = 0  # one pool resized once is one action, whoever decided it and however
        self.minutes: list[Minute] = []
        self._moved_because = ""

    def action(self, reason: str) -> None:
        self.actions += 1
        self._moved_because = reason

    def minute(self, at_s: float, world: SimulatedWorld, reason: str) -> None:
        self.minutes.append(Minute(at_s, world.wanted, world.ready, self._moved_because or reason))
        self._moved_because = ""

    def samples(self, requests: Requests, outcome: Outcome) -> tuple[Sample, ...]:
        """The minutes with what happened in them: tokens that arrived, tokens of the answers that ended, latencies."""
        if not self.minutes:
            return ()
        ends_s = np.array([minute.at_s for minute in self.minutes])
        edges_s = np.concatenate(([0.0], ends_s))
        spans_s = np.diff(edges_s)
        prompts = requests.prompt_tokens.astype(np.float64)
        answers = requests.output_tokens.astype(np.float64)
        read = np.histogram(requests.arrival_s, edges_s, weights=prompts)[0] / spans_s
        out = outcome.finished
        written = np.histogram(outcome.finish_s[out], edges_s, weights=answers[out])[0] / spans_s
        ttft = _p90s(outcome.first_token_s, outcome.ttft_s, edges_s)
        tbt = _p90s(outcome.finish_s, outcome.tbt_s, edges_s)
        return tuple(
            Sample(
                at_s=minute.at_s,
                wanted=minute.wanted,
                ready=minute.ready,
                input_tps=float(read[index]),
                output_tps=float(written[index]),
                ttft_ms_p90=1000 * float(ttft[index]),
                tbt_ms_p90=1000 * float(tbt[index]),
                reason=minute.reason,
            )
            for index, minute in enumerate(self.minutes)
        )


def _p90s(at_s: FloatArray, values: FloatArray, edges_s: FloatArray) -> FloatArray:
    """The 90th percentile of the values whose moment lies in each stretch; NaN where there is none."""
    known = np.isfinite(at_s)
    order = np.argsort(at_s[known], kind="stable")
    sorted_values = values[known][order]
    cuts = np.searchsorted(at_s[known][order], edges_s)
    return np.array(
        [np.percentile(sorted_values[low:high], 90) if high > low else np.nan for low, high in pairwise(cuts)]
    )
