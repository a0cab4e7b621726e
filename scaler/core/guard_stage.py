"""The guard stage over all guards: what they ask for, and whether they forbid shrinking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.decision import ConditionType
from disaggregated_service.core.guard_spec import GuardSpec
from disaggregated_service.core.pair import Role
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.guard import Judged, Judgement, Still, Unknown, asked, guard_id, judge, queue_of
from scaler.core.guard_effect import Circumstances, fired, remember
from scaler.core.load_stage import LoadView
from scaler.core.memory import GuardMemory
from scaler.core.observation import Absent, Observation, Present, Why
from scaler.core.situation import Situation

NEVER = GuardMemory()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardAsk:
    """A guard that asks for more than is in force."""

    guard: str
    judged: Judged
    replicas: Mapping[Role, float]
    circumstances: Circumstances


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardView:
    """forbids: why no pool may shrink, or None. asks: only those above the pair in force. memories: of every guard."""

    forbids: Reason | None
    asks: tuple[GuardAsk, ...]
    memories: Mapping[str, GuardMemory]

    def ask_for(self, role: Role) -> float:
        """The most any guard asks for this role, in replicas; 0 if none does."""
        return max((ask.replicas.get(role, 0.0) for ask in self.asks), default=0.0)


def judge_guards(situation: Situation, loads: LoadView) -> GuardView:
    """Judges every guard of the spec against this tick's histograms."""
    signals = situation.observation.signals
    queue = queue_of(signals)
    if not queue.complete and any(known is not None for known in map(loads.known, situation.spec.driving_roles)):
        situation.trace.condition(ConditionType.QUEUE_UNKNOWN)
    asks: list[GuardAsk] = []
    memories: dict[str, GuardMemory] = {}
    forbids: Reason | None = None
    for guard in situation.spec.guards:
        name = guard_id(guard)
        judgement = judge(guard, signals.latencies.get(guard.metric, Absent(Why.NOT_CONFIGURED)), queue)
        at = _circumstances(situation, loads, guard)
        kept = remember(situation.memory.guards.get(name, NEVER), judgement, at)
        _note_judgement(situation, name, judgement, kept)
        if not kept.ineffective:
            forbids = forbids or _forbids(judgement)
            wanted = _ask(name, judgement, at)
            if wanted is not None:
                asks.append(wanted)
                kept = fired(kept, at)
        memories[name] = kept
    return GuardView(forbids=forbids, asks=tuple(asks), memories=memories)


def _ask(name: str, judgement: Judgement, at: Circumstances) -> GuardAsk | None:
    if not isinstance(judgement, Judged):
        return None
    replicas = asked(judgement.standing.step, at.roles, at.produced_by)
    above = {role: count for role, count in replicas.items() if count > at.in_force.of(role)}
    if not above:
        return None
    return GuardAsk(guard=name, judged=judgement, replicas=above, circumstances=at)


def _forbids(judgement: Judgement) -> Reason | None:
    match judgement:
        case Judged(standing=standing):
            return Reason.GUARD_FORBIDS if standing.step >= 1.0 else None
        case Still():
            return None
        case Unknown(jammed=jammed):
            return Reason.GUARD_JAMMED if jammed else Reason.GUARD_ABSENT


def _circumstances(situation: Situation, loads: LoadView, guard: GuardSpec) -> Circumstances:
    spec, window_s = situation.spec, situation.signals_spec.window_s
    load_role = guard.metric.role if spec.load.of(guard.metric.role) is not None else spec.load.driver
    load = spec.load.of(load_role)
    known = loads.known(load_role)
    return Circumstances(
        now_s=situation.now_s,
        window_s=window_s,
        memory_s=guard.memory_s,
        produced_by=situation.memory.ready.smallest(now_s=situation.now_s, span_s=window_s),
        in_force=situation.pair,
        maxima=spec.maxima,
        roles=spec.raised_by(guard),
        load_role=load_role,
        load_per_replica_tps=known.per_replica_tps if known is not None else None,
        load_target_tps=load.target if load is not None else 0.0,
        prefill_tps=_value(situation.observation, Role.PREFILL),
        decode_tps=_value(situation.observation, Role.DECODE),
    )


def _value(observation: Observation, role: Role) -> float | None:
    reading = observation.signals.of(role).load
    return reading.value if isinstance(reading, Present) else None


def _note_judgement(situation: Situation, name: str, judgement: Judgement, kept: GuardMemory) -> None:
    match judgement:
        case Judged(standing=standing, rungs=rungs, samples=samples):
            if rungs.is_coarse:
                numbers = (("bound_s", rungs.bounds_s[0]), ("target_s", rungs.target_s))
                situation.trace.condition(ConditionType.GUARD_COARSE, name, *numbers)
            reason = Reason.GUARD_MET
            if standing.step >= 1.0:
                reason = Reason.GUARD_RAISE if standing.step > 1.0 else Reason.GUARD_FORBIDS
            if kept.ineffective:
                reason = Reason.GUARD_INEFFECTIVE
                situation.trace.condition(ConditionType.GUARD_INEFFECTIVE, name, ("slow_frac", standing.slow_frac))
            situation.note(
                Stage.GUARD,
                reason,
                name,
                ("tier", standing.step),
                ("bound_s", standing.bound_s),
                ("over_frac", standing.over_frac),
                ("samples", samples),
            )
        case Still(samples=samples):
            situation.note(Stage.GUARD, Reason.GUARD_QUIET, name, ("samples", samples))
        case Unknown(why=why, jammed=jammed):
            if jammed:
                situation.trace.condition(ConditionType.JAMMED, name)
                situation.note(Stage.GUARD, Reason.GUARD_JAMMED, name)
            else:
                situation.note(Stage.GUARD, Reason.GUARD_ABSENT, f"{name}:{why.value}")
