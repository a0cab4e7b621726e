"""Signals of the simulated world, delayed and blurred as Prometheus delivers them.

Scrapes are taken at an interval and not when somebody asks; rates and histograms are those of a window, per replica
and extrapolated; a replica that has not answered twice has no rate; latencies are buckets with the engine's own
bounds. Two readers: `observation` is what the shipped policy gets, `seen` what the baselines get. A `demandMetric` is
not simulated: there is no gateway in this world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.signals_busy import Busyness
from heteroscale.simulator.signals_latency import histogram_reading
from heteroscale.simulator.signals_look import Frontend, look
from heteroscale.simulator.signals_scrape import RUNNING, WAITING, Answers, all_answer, scrape
from heteroscale.simulator.signals_seen import Seen
from heteroscale.simulator.signals_window import Pooled, RoleWindow
from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, TTFT_BOUNDS_S
from heteroscale.simulator.world.interface import SimulatedWorld
from scaler.core.observation import Observation, RoleSignals, SignalName, Signals
from scaler.core.situation import DEFAULT_SIGNALS
from scaler.edge.engines.choice import PRESETS
from scaler.edge.engines.preset import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeRhythm:
    """When Prometheus scrapes. With ticks at whole multiples of 15 s a phase of 8 s makes samples 7 s old at a tick,
    about the mean age of a sample at an interval of 15 s."""

    every_s: float = 15.0
    phase_s: float = 8.0


class WorldSignals:
    """Takes scrapes when told, and answers from them. `answers` says which scrapes get through."""

    def __init__(
        self, world: SimulatedWorld, service: DisaggregatedService, requests: Requests, *, answers: Answers = all_answer
    ) -> None:
        spec = service.spec.signals or DEFAULT_SIGNALS
        self._world = world
        self._answers = answers
        self._names = _names(service)
        self._windows = {role: RoleWindow(window_s=spec.window_s, stale_after_s=spec.stale_after_s) for role in ROLES}
        self._busy = {role: Busyness(role) for role in ROLES}
        self._frontend = Frontend(requests, spec.window_s)
        self._window_s = spec.window_s
        self._seen: Seen | None = None

    def scrape(self) -> None:
        """Takes one scrape of everybody, as of the world's own time."""
        for role in ROLES:
            self._windows[role].add(scrape(self._world, role, self._answers))
            self._busy[role].read(self._world)
        self._seen = None

    def observation(
        self, now_s: float, *, active_entries: tuple[str, ...] = (), interval_s: float = 15.0
    ) -> Observation | None:
        """What a real source would give the ticker at this moment; None before the first scrape."""
        pools = {role: self._windows[role].at(now_s) for role in ROLES}
        prefill, decode = pools[Role.PREFILL], pools[Role.DECODE]
        if prefill is None or decode is None:
            return None
        return Observation(
            signals=Signals(
                prefill=_role(prefill, self._window_s),
                decode=_role(decode, self._window_s),
                latencies={
                    GuardMetric.TTFT: histogram_reading(prefill, TTFT_BOUNDS_S),
                    GuardMetric.TBT: histogram_reading(decode, TBT_BOUNDS_S),
                },
                names=self._names,
                sample_interval_s=self._windows[Role.DECODE].spacing_s,
            ),
            active_entries=active_entries,
            interval_s=interval_s,
        )

    def seen(self, now_s: float) -> Seen | None:
        """What the last scrape and those before it tell, with the counts that are wanted now; None before the first."""
        if self._seen is None:
            self._seen = look(self._windows, self._busy, self._frontend)
        if self._seen is None:
            return None
        wanted = self._world.wanted
        return replace(
            self._seen,
            at_s=now_s,
            prefill=replace(self._seen.prefill, wanted=wanted.prefill),
            decode=replace(self._seen.decode, wanted=wanted.decode),
        )


def _role(pooled: Pooled, window_s: float) -> RoleSignals:
    return RoleSignals(
        ready=pooled.ready,
        discovered=pooled.discovered,
        load=pooled.load(window_s),
        waiting=pooled.gauge(WAITING),
        running=pooled.gauge(RUNNING),
    )


def _names(service: DisaggregatedService) -> tuple[SignalName, ...]:
    """Every signal under the best name of the service's preset."""
    candidates = PRESETS[service.spec.engine].candidates
    return tuple(
        SignalName(signal=signal.value, used=str(candidates[signal][0]) if signal in candidates else "")
        for signal in Signal
    )
