"""What a baseline may look at: one moment of one service, in the terms of the peers' own signals.

NaN is "not known", as an empty answer of Prometheus is; each policy says what it makes of that.
"""

from __future__ import annotations

from dataclasses import dataclass

from disaggregated_service.core.pair import Pair, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSeen:
    """One pool. covered: the ready replicas with rates, over which tps, waiting, running and kv_usage are summed.

    kv_usage: in units of one replica's KV memory. gpu_util_frac, sm_active_frac: means per ready replica over the
    last scrape interval.
    """

    wanted: int
    ready: int
    covered: int
    tps: float
    waiting: float
    running: float
    kv_usage: float
    gpu_util_frac: float
    sm_active_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All of it. Latencies are of the window, as a quantile of Prometheus's histograms or as their mean.

    arrived, prompt_tokens: requests and their tokens that the frontend has taken in since the beginning;
    answer_tokens_mean: of the requests that have lately been answered.
    """

    at_s: float
    prefill: RoleSeen
    decode: RoleSeen
    ttft_s_p90: float
    tbt_s_p90: float
    ttft_s_mean: float
    tbt_s_mean: float
    arrived: int
    prompt_tokens: float
    answer_tokens_mean: float

    def of(self, role: Role) -> RoleSeen:
        return self.prefill if role is Role.PREFILL else self.decode

    @property
    def wanted(self) -> Pair:
        return Pair(self.prefill.wanted, self.decode.wanted)

    @property
    def ready(self) -> Pair:
        return Pair(self.prefill.ready, self.decode.ready)
