"""The service of the demo, and the world it is tried in: every number with where it comes from.

The load is m-small's first day, 06:00 to 14:00, at half its token rates and cut into requests of 8,000 prompt tokens: a
morning ramp of 5.8 times the prompt tokens and 10.7 times the written ones, and its descent. Engine on both sides:
Llama-3.1-70B on four H100. Measured in this world by `heteroscale/simulator/capacity.py` (four replicas, 99 % of
requests within target, answers of 1,319 tokens, the mean of these hours):

    prefill 16,400 prompt tokens/s a replica within 2.5 s to the first token
    decode   3,140 tokens/s a replica within 25 ms between tokens

Over the eight hours 6.07 prompt tokens come with each written one, so the best ratio for the whole is
6.07 / 16,400 : 1 / 3,140 = 1.16 : 1, written 7:6. The mix drifts between 4.3 and 9.0, which asks for 0.8 to 1.7 : 1:
a fixed ratio leaves prefill idle at the peak and gives it little headroom in the early morning.
"""

from __future__ import annotations

from dataclasses import replace

from disaggregated_service.core.guard_spec import GuardMetric, GuardSpec
from disaggregated_service.core.load_spec import LoadSpec, RoleLoad
from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.ratio import FixedRatio
from disaggregated_service.core.role_spec import Roles, RoleSpec, ScaleTarget
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from disaggregated_service.core.signals_spec import Endpoints, SignalSource, SignalsSpec
from heteroscale.simulator.arrivals import LoadShape
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4
from heteroscale.simulator.world.result import Slo

KEY = ServiceKey("llm", "chat-70b")
ENGINE = LLAMA_70B_H100_TP4
TICK_S = 30.0
FROM_HOUR = 6
HOURS = 8
START = Pair(2, 2)  # carries 06:00; what an operator would have had running

SLO = Slo(ttft_s=2.5, tbt_s=0.025)  # both are bucket bounds of vLLM, so the guards see them exactly
PREFILL_CAPACITY_TPS = 16_400.0
DECODE_CAPACITY_TPS = 3_140.0


def load_shape(seed: int) -> LoadShape:
    """Half the recorded rates: pools of 4 to some 28 replicas in all."""
    return LoadShape(scale=0.5, prompt_tokens_mean=8000.0, seed=seed)


def demo_service() -> DisaggregatedService:
    """Defaults wherever there are any. A tick of 30 s needs a window of four and a `staleAfter` of three of them."""
    spec = ServiceSpec(
        roles=Roles(prefill=_role(Role.PREFILL, 2, 20), decode=_role(Role.DECODE, 2, 18)),
        ratio=FixedRatio(prefill=7, decode=6),
        load=LoadSpec(
            driver=Role.DECODE,
            decode=RoleLoad(metric="decodeTps", capacity_per_replica=DECODE_CAPACITY_TPS),
            prefill=RoleLoad(metric="prefillTps", capacity_per_replica=PREFILL_CAPACITY_TPS),
        ),
        guards=(
            GuardSpec(metric=GuardMetric.TTFT, target_s=SLO.ttft_s),
            GuardSpec(metric=GuardMetric.TBT, target_s=SLO.tbt_s),
        ),
        signals=SignalsSpec(source=SignalSource.SCRAPE, window_s=4 * TICK_S, stale_after_s=3 * TICK_S),
    )
    return DisaggregatedService(key=KEY, spec=spec)


def with_endpoints(service: DisaggregatedService, endpoints: Endpoints) -> DisaggregatedService:
    """The same service after its file was reloaded with the replicas that exist now."""
    signals = service.spec.signals or SignalsSpec(source=SignalSource.SCRAPE)
    return replace(service, spec=replace(service.spec, signals=replace(signals, endpoints=endpoints)))


def _role(role: Role, least: int, most: int) -> RoleSpec:
    return RoleSpec(
        target=ScaleTarget(name=f"{KEY.name}-{role}"),
        min_replicas=least,
        max_replicas=most,
        gpus_per_replica=ENGINE.gpus,
        gpu_classes=("h100",),
    )
