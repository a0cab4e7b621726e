"""One or more variants of a service, tick by tick over what a server recorded: open loop, nothing moves.

Readings come through the source that `serve` reads with, decisions from the tick that `serve` winds, in advisory mode:
a step starts from the variant's own last targets, whatever really ran. It must never know how a rule works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.service import DisaggregatedService, Mode
from heteroscale.coordinator.placement import grant_everything
from heteroscale.coordinator.tick import Starting, State, started_with, tick
from heteroscale.ticker.calendar import active_entries, override_in_force
from scaler.core.observation import Observation, Signals
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_query import Instants, PrometheusQuery
from scaler.edge.prometheus_recorded import RecordedQuery
from scaler.edge.prometheus_source import PrometheusSource
from scaler.edge.signal_source import Instant, Source

GATHERING_S_MAX = 600.0
"""Of one tick. Each exchange has its own, shorter bound; an hour's worth of them comes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to run the service. name: as it is shown."""

    name: str
    service: DisaggregatedService


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One tick. signals: None where the service could not be observed; decision: None until it has begun."""

    at_unix_s: int
    signals: Signals | None
    decision: Decision | None


Progress = Callable[[int, int], None]
"""Ticks done, ticks in all."""


async def replay(
    variants: Sequence[Variant],
    options: PrometheusOptions,
    ticks: Instants,
    *,
    current: Pair | None = None,
    progress: Progress | None = None,
) -> Mapping[str, tuple[Moment, ...]]:
    """The moments of each variant, by its name. current: what ran at the first tick; None counts it as `serve` does.

    Raises `scaler.edge.prometheus_recorded.RecordUnavailable` where the server cannot be asked.
    """
    asked = replace(options, follow_server_clock=False)
    recorded = RecordedQuery(PrometheusQuery(asked), ticks)
    runs = [_Run(variant, PrometheusSource(asked, recorded), current) for variant in variants]
    instants = range(ticks.from_unix_s, ticks.until_unix_s + 1, ticks.step_s)
    try:
        for done, at_unix_s in enumerate(instants, 1):
            instant = Instant(now_s=float(at_unix_s - ticks.from_unix_s), unix_s=float(at_unix_s))
            for run in runs:
                await run.step(instant, interval_s=float(ticks.step_s))
            if progress is not None:
                progress(done, len(instants))
    finally:
        recorded.close()
    return {run.name: tuple(run.moments) for run in runs}


class _Run:
    """One variant on its way."""

    def __init__(self, variant: Variant, source: Source, current: Pair | None) -> None:
        spec = replace(variant.service.spec, mode=Mode.ADVISORY)
        self.name = variant.name
        self.moments: list[Moment] = []
        self._service = replace(variant.service, spec=spec)
        self._source = source
        self._state: State = Starting() if current is None else started_with(current)
        self._sequence = 0

    async def step(self, instant: Instant, *, interval_s: float) -> None:
        service = self._service
        observed = await self._source.observe([service], instant, deadline_s=GATHERING_S_MAX)
        signals, decision = observed.get(service.key), None
        if signals is not None:
            observation = Observation(
                signals=signals,
                active_entries=active_entries(service.spec.schedule, instant.unix_s),
                override=override_in_force(service.overrides, instant.unix_s),
                interval_s=interval_s,
            )
            decision = self._decided(observation, instant.now_s)
        self.moments.append(Moment(at_unix_s=round(instant.unix_s), signals=signals, decision=decision))

    def _decided(self, observation: Observation, now_s: float) -> Decision | None:
        key = self._service.key
        result = tick(
            [self._service],
            {key: observation},
            {key: self._state},
            now_s=now_s,
            sequence=self._sequence,
            place=grant_everything,
        )
        for error in result.failures.values():
            raise error
        self._state, self._sequence = result.outcomes[key].state, result.sequence
        return result.outcomes[key].decision
