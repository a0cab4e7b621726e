"""World, signals, policy, KEDA and HPAs on one clock: one run from its cell to its record.

The shipped policy is replayed here through the same pure tick that `serve` winds, on observations made of scrapes; its
wishes reach the pools as KEDA and two HPAs carry them, each at its own sync. No sockets, no sleeping: what
`heteroscale demo` does over the wire, a thousand times as fast. It must never know which policy it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count, repeat

from disaggregated_service.core.pair import ROLES, Pair, Role
from heteroscale.simulator.cell import Cell, RunRecord
from heteroscale.simulator.hpa import MILLI, HpaSpec, desired_replicas, quantity_milli
from heteroscale.simulator.keda_schedule import Ask, due_between
from heteroscale.simulator.loop_begin import LateObserver, at_a_glance, first_wish, plant_of, requests_of
from heteroscale.simulator.loop_doom import Doom
from heteroscale.simulator.loop_oracle import with_least_headroom
from heteroscale.simulator.loop_record import Recorder
from heteroscale.simulator.measure import figures_of, outcome_of
from heteroscale.simulator.policy.oracle import OracleSettings
from heteroscale.simulator.policy.policy import Hands, Policy
from heteroscale.simulator.signals import WorldSignals
from heteroscale.simulator.signals_busy import busy_figures
from heteroscale.simulator.world.fast_world import FastWorld
from heteroscale.simulator.world.interface import SimulatedWorld

FINISH_S_MAX = 3600.0
"""How long those are waited for who are still in the system at the end; who is not out by then has missed its SLO."""

STEP_S = 15.0


def run_cell(cell: Cell) -> RunRecord:
    """Runs it, the oracle by bisection of its headroom. Raises ValueError for a cell that cannot be run."""
    settings = cell.policy.settings
    if isinstance(settings, OracleSettings) and not settings.headroom:
        return with_least_headroom(cell, run_once)
    record = run_once(cell)
    assert record is not None  # noqa: S101 - without a floor nothing is given up
    return record


def run_once(cell: Cell, floor_frac: float = 0.0) -> RunRecord | None:
    """One pass over the load; None where it was given up because so high an attainment was out of reach."""
    requests = requests_of(cell)
    observe = LateObserver(cell)
    plant = plant_of(cell, requests, observe)
    policy = cell.policy.build(plant)
    world = FastWorld(
        requests=requests,
        prefill=cell.prefill,
        decode=cell.decode,
        replicas=first_wish(cell, plant, policy),
        start_up=cell.start_up,
        network=cell.network,
        routing=cell.routing,
        prefix_hit_frac=cell.prefix_hit_frac,
    )
    signals = WorldSignals(world, cell.service, requests)
    observe.signals = signals
    loop = Loop(world=world, policy=policy, signals=signals, cell=cell)
    doom = Doom(requests, world.results, cell.slo, floor_frac)
    if not loop.run(doom if floor_frac else None):
        return None
    gpu_hours = world.gpu_hours()
    world.finish(limit_s=FINISH_S_MAX)
    outcome = outcome_of(world.results, requests, cell.slo, end_s=world.now_s)
    samples = loop.recorder.samples(requests, outcome)
    figures = figures_of(
        plant, outcome, samples, gpu_hours=gpu_hours, actions=loop.recorder.actions, busy=busy_figures(world)
    )
    return RunRecord(cell=cell, figures=figures, samples=samples)


class Loop:
    """Winds everything to the end of the cell; events at one moment come in the order tick, sync, scrape, sample."""

    def __init__(self, *, world: SimulatedWorld, policy: Policy, signals: WorldSignals, cell: Cell) -> None:
        self._world = world
        self._policy = policy
        self._signals = signals
        self._cell = cell
        self._hpas = {role: _hpa(cell, role) for role in ROLES}
        self._wished: Pair | None = None
        self.recorder = Recorder()

    def run(self, doom: Doom | None = None) -> bool:
        """To the end, or until doom is sealed; whether the end was reached."""
        until_s = self._cell.duration_s
        ticks = _every(self._policy.every_s, 0.0) if self._policy.hands is not Hands.HPA else _never()
        scrapes = _every(self._cell.scrapes.every_s, self._cell.scrapes.phase_s)
        next_tick_s, next_scrape_s = next(ticks), next(scrapes)
        from_s = 0.0
        while from_s < until_s:
            to_s = min(until_s, from_s + STEP_S)
            events: list[tuple[float, int, Role | None]] = []
            while next_tick_s < to_s:
                events.append((next_tick_s, 0, None))
                next_tick_s = next(ticks)
            while next_scrape_s < to_s:
                events.append((next_scrape_s, 2, None))
                next_scrape_s = next(scrapes)
            events += [(due.at_s, 1, Role(due.role)) for due in due_between(from_s, to_s) if due.ask == Ask.SYNC.value]
            for at_s, kind, role in sorted(events, key=lambda event: event[:2]):
                self._event(at_s, kind, role)
            if to_s % 60 == 0 or to_s == until_s:
                self._world.run_until(to_s)
                self.recorder.minute(to_s, self._world, self._policy.reason)
                if doom is not None and doom.is_sealed(to_s):
                    return False
            from_s = to_s
        return True

    def _event(self, at_s: float, kind: int, role: Role | None) -> None:
        if kind == 2:
            self._world.run_until(at_s)
            self._signals.scrape()
        elif role is None:
            self._tick(at_s)
        else:
            self._sync(at_s, role)

    def _tick(self, now_s: float) -> None:
        seen = self._signals.seen(now_s) if self._policy.looks else at_a_glance(self._world.wanted)
        if seen is None:
            return
        self._wished = self._policy.wish(seen, now_s)
        if self._policy.hands is Hands.CONTROLLER:
            for role in ROLES:
                self._move(now_s, role, self._wished.of(role))

    def _sync(self, now_s: float, role: Role) -> None:
        match self._policy.hands:
            case Hands.HPA:
                seen = self._signals.seen(now_s)
                if seen is not None:
                    self._move(now_s, role, self._policy.wish(seen, now_s).of(role))
            case Hands.SCALER if self._wished is not None:
                wanted = self._world.wanted.of(role)
                replicas = desired_replicas(
                    self._hpas[role],
                    spec_replicas=wanted,
                    status_replicas=wanted,  # a ReplicaSet has its pods within a sync, ready or not
                    values_milli=(quantity_milli(float(self._wished.of(role))),),
                    target_milli=MILLI,
                )
                self._move(now_s, role, replicas)
            case Hands.SCALER | Hands.CONTROLLER:
                pass

    def _move(self, now_s: float, role: Role, replicas: int) -> None:
        before = self._world.wanted.of(role)
        if replicas == before:
            return
        self._world.run_until(now_s)
        self._world.resize(role, replicas)
        self.recorder.action(self._policy.reason)


def _hpa(cell: Cell, role: Role) -> HpaSpec:
    spec = cell.service.spec
    bounds = spec.roles.of(role)
    return HpaSpec(
        min_replicas=bounds.min_replicas,
        max_replicas=bounds.max_replicas,
        tolerance_up=spec.hpa_tolerance,
        tolerance_down=spec.hpa_tolerance,
    )


def _every(step_s: float, phase_s: float) -> Iterator[float]:
    """Moments without the drift of a running sum."""
    return (phase_s + turn * step_s for turn in count())


def _never() -> Iterator[float]:
    return repeat(math.inf)
