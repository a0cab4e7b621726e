"""The policy, one tick of one service: an observation and a memory in, a proposal out.

The stages in their order: bounds, load, guards, schedule, override, then either the ordinary move or a repair.
Everything it knew and did is in the proposal's trail. (DESIGN 7.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from disaggregated_service.core.decision import Condition, ConditionType
from disaggregated_service.core.override import HoldUntil, PairUntil
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import Band
from disaggregated_service.core.service import DisaggregatedService, Mode, ServiceSpec
from disaggregated_service.core.trail import Reason, Stage, TrailStep
from scaler.core.coupling import Box, Needs, couple, whole
from scaler.core.guard_stage import GuardAsk, judge_guards
from scaler.core.load_stage import LoadView, view_loads
from scaler.core.memory import Memory
from scaler.core.move import Moved, move
from scaler.core.observation import Observation
from scaler.core.period import Period, period_now
from scaler.core.ready_history import seen
from scaler.core.repair import ANY_RATIO, repair, wrong
from scaler.core.situation import DEFAULT_SIGNALS, Situation
from scaler.core.starting import NOBODY_STARTING, starting_now
from scaler.core.trace import Trace
from scaler.core.want import Wants, pass_gates


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the policy wants for one service, before placement has its say.

    in_force: the pair the tick started from. targets: the pair wanted. band: P/D allowed now. memory: with what this
    tick has taught, still with the old pair in force. load_raises, guard_asks: what a granted raise is remembered as.
    """

    service: DisaggregatedService
    observation: Observation
    memory: Memory
    in_force: Pair
    targets: Pair
    band: Band
    reason: Reason
    load_raises: frozenset[Role]
    guard_asks: tuple[GuardAsk, ...]
    trail: tuple[TrailStep, ...]
    conditions: tuple[Condition, ...]


def propose(service: DisaggregatedService, observation: Observation, memory: Memory, now_s: float) -> Proposal:
    """The pair that this service should have, with the reasons."""
    spec, trace = service.spec, Trace()
    memory = _with_ready(spec, observation, memory, now_s)
    pair = _clamped(memory.in_force, spec, trace)
    situation = Situation(spec=spec, observation=observation, memory=memory, pair=pair, now_s=now_s, trace=trace)
    _check_density(situation)
    loads = view_loads(situation)
    guards = judge_guards(situation, loads)
    period = period_now(situation)
    wants = pass_gates(situation, loads, guards, period)
    overridden = _overridden(situation)
    moved = overridden or _moved(situation, wants, loads, period)
    reason = Reason.BOUNDS if moved.pair == pair != memory.in_force else moved.reason
    return Proposal(
        service=service,
        observation=observation,
        memory=replace(memory, needs=loads.needs, guards=guards.memories),
        in_force=memory.in_force,
        targets=moved.pair,
        band=period.band,
        reason=reason,
        load_raises=moved.load_raises,
        guard_asks=() if overridden else guards.asks,  # what an engineer asked for is not the guard's to answer for
        trail=trace.steps,
        conditions=trace.conditions,
    )


def _with_ready(spec: ServiceSpec, observation: Observation, memory: Memory, now_s: float) -> Memory:
    """The memory with this tick's ready counts, and with the replicas that are still starting."""
    ready = observation.signals.ready
    window_s = (spec.signals or DEFAULT_SIGNALS).window_s
    runs = seen(memory.ready, ready=ready, now_s=now_s, span_s=window_s)
    starting = {
        role: starting_now(memory.starting[role], in_force=memory.in_force.of(role), ready=ready.of(role), now_s=now_s)
        for role in ROLES
    }
    if spec.mode is Mode.ADVISORY:
        starting = dict.fromkeys(ROLES, NOBODY_STARTING)  # what was never asked for cannot be starting
    if runs is memory.ready and starting == memory.starting:
        return memory
    return replace(memory, ready=runs, starting=starting)


def _clamped(pair: Pair, spec: ServiceSpec, trace: Trace) -> Pair:
    """Bounds act at once, as the HPA's do, metrics or not."""
    low, high = spec.minima, spec.maxima
    inside = Pair(min(max(pair.prefill, low.prefill), high.prefill), min(max(pair.decode, low.decode), high.decode))
    if inside != pair:
        trace.move(Stage.BOUND, pair, inside, Reason.BOUNDS)
    return inside


def _moved(situation: Situation, wants: Wants, loads: LoadView, period: Period) -> Moved:
    box = _box(situation, period, wants)
    fault = wrong(situation.pair, box, period.band)
    if fault is None:
        return move(situation, wants, period, box)
    return repair(situation, wants, loads, period, box, fault)


def _box(situation: Situation, period: Period, wants: Wants) -> Box:
    """The pairs that may be chosen at this tick. A fixed pair is a ceiling, above which guards may still raise."""
    box = _bounds(situation)
    if period.ceiling is None:
        return box
    ceilings = {role: max(period.ceiling.of(role), whole(wants.guard[role])) for role in ROLES}
    high = Pair(min(box.high.prefill, ceilings[Role.PREFILL]), min(box.high.decode, ceilings[Role.DECODE]))
    return replace(box, high=high)


def _bounds(situation: Situation) -> Box:
    roles = situation.spec.roles
    return Box(
        low=situation.spec.minima,
        high=situation.spec.maxima,
        gpus=Pair(roles.prefill.gpus_per_replica, roles.decode.gpus_per_replica),
        in_force=situation.pair,
        gpu_budget=situation.spec.gpu_budget,
        hpa_tolerance=situation.spec.hpa_tolerance,
    )


def _overridden(situation: Situation) -> Moved | None:
    """What an on-call engineer has said, if anything: it goes before load, guards and schedule."""
    match situation.observation.override:
        case None:
            return None
        case HoldUntil():
            situation.note(Stage.OVERRIDE, Reason.OVERRIDE_HOLD)
            return Moved(pair=situation.pair, reason=Reason.OVERRIDE_HOLD)
        case PairUntil(pair=asked):
            box = replace(_bounds(situation), hpa_tolerance=0.0)
            nearest = couple(Needs(asked.prefill, asked.decode), ANY_RATIO, box, ratio=None).pair
            numbers = (("prefill", float(asked.prefill)), ("decode", float(asked.decode)))
            situation.trace.move(Stage.OVERRIDE, situation.pair, nearest, Reason.OVERRIDE_PAIR, "", *numbers)
            return Moved(pair=nearest, reason=Reason.OVERRIDE_PAIR)


def _check_density(situation: Situation) -> None:
    """Samples too far apart would keep every window incomplete and so never let a pool shrink."""
    signals, observation = situation.signals_spec, situation.observation
    interval_s = observation.signals.sample_interval_s
    sparse = signals.stale_after_s < 2 * observation.interval_s or (
        interval_s is not None and (signals.window_s < 4 * interval_s or signals.stale_after_s < 3 * interval_s)
    )
    if sparse:
        situation.trace.condition(
            ConditionType.SIGNALS_TOO_SPARSE,
            "",
            ("window_s", signals.window_s),
            ("stale_after_s", signals.stale_after_s),
            ("sample_interval_s", interval_s if interval_s is not None else observation.interval_s),
        )
