"""A thousand services whose loads rise and fall in turn, so that at every tick a tenth of them scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from disaggregated_service.core.guard_spec import GuardMetric, GuardSpec
from disaggregated_service.core.load_spec import Cooldown, Damping, LoadSpec, RoleLoad
from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.ratio import FixedRatio
from disaggregated_service.core.role_spec import Roles, RoleSpec, ScaleTarget
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from disaggregated_service.core.signals_spec import Selectors, SignalsSpec
from scaler.core.observation import Coverage, Histogram, Present, RoleSignals, SignalName, Signals
from scaler.edge.signal_source import Instant
from scaler.edge.state_file import StateFile

INTERVAL_S = 15.0
PERIOD_TICKS = 20  # one raise and one shrink in each: a tenth of the services moves at every tick
HIGH_TICKS = 5
TARGET_TPS = 1900.0
LOW, HIGH = 12, 15  # decode replicas that the load is worth
TTFT_BOUNDS_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0)
TBT_BOUNDS_S = (
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
    20.0,
    40.0,
    80.0,
)
NAMES = tuple(
    SignalName(signal=signal, used=f"vllm:{signal}_total", missing=(f"vllm:{signal}",))
    for signal in ("decode_tps", "prefill_tps", "ttft", "tbt", "prefill_waiting", "decode_waiting")
)


def service(number: int) -> DisaggregatedService:
    """Fixed mode, two guards, cooldowns short enough to move once in half a period."""
    spec = ServiceSpec(
        priority=number % 7,
        roles=Roles(prefill=_role(number, Role.PREFILL, 24), decode=_role(number, Role.DECODE, 72)),
        ratio=FixedRatio(prefill=1, decode=3),
        load=LoadSpec(
            decode=RoleLoad(metric="decodeTps", target_per_replica=TARGET_TPS, capacity_per_replica=3150.0),
            cooldown=Cooldown(out_s=15.0, in_s=60.0),
        ),
        damping=Damping(in_=1.0),
        guards=(GuardSpec(metric=GuardMetric.TTFT, target_s=1.0), GuardSpec(metric=GuardMetric.TBT, target_s=0.04)),
        signals=SignalsSpec(selectors=Selectors(prefill='role="prefill"', decode='role="decode"')),
    )
    return DisaggregatedService(key=ServiceKey("llm", f"service-{number:04d}"), spec=spec)


class GivenSource:
    """Readings that are given; `prepare` makes those of the next tick, outside of what is measured."""

    def __init__(self, services: Sequence[DisaggregatedService]) -> None:
        self._services = services
        self._given: dict[ServiceKey, Signals] = {}

    def prepare(self, tick: int, in_force: Mapping[ServiceKey, Pair]) -> None:
        for number, one in enumerate(self._services):
            is_high = (tick + number) % PERIOD_TICKS < HIGH_TICKS
            wobble = 1 + 0.001 * ((tick * 31 + number) % 17)  # no two readings are alike
            tps = TARGET_TPS * (HIGH if is_high else LOW) / 1.02 * wobble
            self._given[one.key] = _signals(in_force.get(one.key, Pair(4, 12)), tps)

    async def observe(
        self,
        services: Sequence[DisaggregatedService],  # noqa: ARG002 - all of them, always
        instant: Instant,  # noqa: ARG002 - prepared for it
        *,
        deadline_s: float,  # noqa: ARG002 - nothing is waited for
    ) -> Mapping[ServiceKey, Signals]:
        return self._given

    async def close(self) -> None: ...


class NoDisk(StateFile):
    """Takes what would be written, and counts it; what a disk costs is not what is measured here."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.bytes_written = 0

    def replace(self, chunks: Iterable[bytes]) -> None:
        self.bytes_written = len(b"".join(chunks))


def _role(number: int, role: Role, most: int) -> RoleSpec:
    return RoleSpec(
        target=ScaleTarget(name=f"service-{number:04d}-{role}"), min_replicas=1, max_replicas=most, gpus_per_replica=4
    )


def _signals(ready: Pair, decode_tps: float) -> Signals:
    calm = Present(0.0, 1, 3.0, Coverage(ready.decode, ready.decode))
    prefill = RoleSignals(
        ready=ready.prefill,
        discovered=ready.prefill,
        load=Present(decode_tps * 6, 4, 3.0, Coverage(ready.prefill, ready.prefill)),
        waiting=calm,
        running=calm,
    )
    decode = replace(
        prefill,
        ready=ready.decode,
        discovered=ready.decode,
        load=Present(decode_tps, 4, 3.0, Coverage(ready.decode, ready.decode)),
    )
    return Signals(
        prefill=prefill,
        decode=decode,
        latencies={GuardMetric.TTFT: _histogram(TTFT_BOUNDS_S, 0.5), GuardMetric.TBT: _histogram(TBT_BOUNDS_S, 0.02)},
        names=NAMES,
        sample_interval_s=15.0,
    )


def _histogram(bounds_s: tuple[float, ...], slowest_s: float) -> Present[Histogram]:
    cumulative = tuple(300.0 * min(1.0, bound / slowest_s) for bound in bounds_s)
    return Present(Histogram(bounds_s, cumulative, 300.0), 300, 3.0, Coverage(12, 12))
