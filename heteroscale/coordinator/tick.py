"""One tick over all services: propose for each, place once by priority, commit each. A pure function.

It runs unchanged in `serve`, `simulate` and `backtest`: there is no second implementation of a rule anywhere.
What a raise was not granted is not remembered, so it is asked for anew at every tick until there is room (ADR 0013).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService, Mode
from heteroscale.coordinator.placement import Placement, PlacementRequest, numbered
from prescheduler.core.tier_memory import NOTHING_REMEMBERED, TierMemory
from scaler.core.controller import commit, same_outcome
from scaler.core.memory import Memory
from scaler.core.observation import Observation
from scaler.core.policy import Proposal, propose
from scaler.core.situation import DEFAULT_SIGNALS
from scaler.core.start import UNCOUNTED, Beginning, begin, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """A service without a pair in force yet. persisted: what an earlier process left."""

    beginning: Beginning = UNCOUNTED
    persisted: Memory | None = None
    last: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service under control. last: its latest decision, None before the first; decided_at_s: when, by our clock."""

    memory: Memory
    last: Decision | None = None
    decided_at_s: float | None = None


State = Starting | Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One service after a tick. decision is None while it is starting, and then waiting_for says why."""

    state: State
    decision: Decision | None
    waiting_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickResult:
    """Everything after a tick. sequence: the last one used. placement: what the next tick's placement starts from.

    A service that could not be observed is missing from the outcomes, and so is one whose step broke an invariant of
    ours: that one is in `failures`, keeps its state, and its last decision ages.
    """

    outcomes: Mapping[ServiceKey, Outcome]
    sequence: int
    placement: TierMemory = NOTHING_REMEMBERED
    failures: Mapping[ServiceKey, Exception] = field(default_factory=dict)


def started_with(pair: Pair) -> Running:
    """The state of a service whose running pair somebody vouches for."""
    return Running(memory=Memory(in_force=pair))


def tick(
    services: Sequence[DisaggregatedService],
    observations: Mapping[ServiceKey, Observation],
    states: Mapping[ServiceKey, State],
    *,
    now_s: float,
    sequence: int,
    place: Placement,
    placement: TierMemory = NOTHING_REMEMBERED,
) -> TickResult:
    """Decides for every observed service. `sequence` is the last number used; one counter serves all services.

    An instant is decided once: an observation delivered again at the same `now_s` gets the same decision, or it would
    be taken for a second step.
    """
    outcomes: dict[ServiceKey, Outcome] = {}
    failures: dict[ServiceKey, Exception] = {}
    proposals: list[tuple[Proposal, Decision | None]] = []
    requests: list[PlacementRequest] = []
    for service in sorted(services, key=lambda each: (-each.spec.priority, each.key)):
        observation = observations.get(service.key)
        state = states.get(service.key, Starting())
        if observation is None:
            requests += _standing(service, state)
            continue
        begun = _begun(_carried_over(state, service), service, observation, now_s)
        match begun:
            case Running(last=Decision() as last, decided_at_s=at_s) if at_s == now_s:
                outcomes[service.key] = Outcome(state=begun, decision=last)
                requests += _standing(service, begun)
            case Running(memory=memory, last=last):
                try:
                    proposal = propose(service, observation, memory, now_s)
                except Exception as error:  # noqa: BLE001 - one service's broken invariant must not stop the others
                    failures[service.key] = error
                    requests += _standing(service, begun)
                else:
                    proposals.append((proposal, last))
                    requests.append(_request(proposal, last))
            case Outcome():
                outcomes[service.key] = begun
    granted = place(requests, placement, now_s)
    for proposal, last in proposals:
        key = proposal.service.key
        grant = granted.grants[key]
        decision, memory = commit(
            proposal, grant.pair, now_s=now_s, sequence=sequence + 1, groups=grant.groups, refused=grant.refused
        )
        before = () if last is None else last.groups
        decision = replace(decision, groups=numbered(grant.groups, before, decision.sequence))
        if last is not None and same_outcome(last, decision):
            decision = replace(decision, sequence=last.sequence)
        else:
            sequence += 1
        outcomes[key] = Outcome(state=Running(memory=memory, last=decision, decided_at_s=now_s), decision=decision)
    return TickResult(outcomes=outcomes, sequence=sequence, placement=granted.memory, failures=failures)


def _request(proposal: Proposal, last: Decision | None) -> PlacementRequest:
    """An advisory service asks from what runs: the pair in force of its own decisions is one that nobody made."""
    hypothetical = proposal.service.spec.mode is Mode.ADVISORY
    return PlacementRequest(
        service=proposal.service,
        in_force=proposal.observation.signals.discovered if hypothetical else proposal.in_force,
        targets=proposal.targets,
        previous=() if last is None or hypothetical else last.groups,
        band=proposal.band,
        hypothetical=hypothetical,
    )


def _standing(service: DisaggregatedService, state: State) -> list[PlacementRequest]:
    """A service that moves nowhere at this tick keeps what it was allotted: others must not be given it."""
    match state:
        case Running(memory=memory, last=Decision() as last) if service.spec.mode is Mode.ACTIVE:
            return [
                PlacementRequest(
                    service=service, in_force=memory.in_force, targets=memory.in_force, previous=last.groups
                )
            ]
        case _:
            return []


def _carried_over(state: State, service: DisaggregatedService) -> State:
    """The state, unless it is that of an advisory service which is active now: its pair was never anywhere.

    What runs has to be counted then, and what was decided before is no change still under way.
    """
    last = state.last
    if last is None or last.mode is Mode.ACTIVE or service.spec.mode is Mode.ADVISORY:
        return state
    match state:
        case Running(memory=memory):
            return Starting(persisted=replace(memory, counts=()))
        case Starting(persisted=Memory() as memory):
            return replace(state, persisted=replace(memory, counts=()), last=None)
        case Starting():
            return state


def _begun(state: State, service: DisaggregatedService, observation: Observation, now_s: float) -> Running | Outcome:
    if isinstance(state, Running):
        return state
    beginning = counted(state.beginning, observation.signals.discovered, now_s)
    memory = begin(
        beginning,
        state.persisted,
        now_s=now_s,
        window_s=(service.spec.signals or DEFAULT_SIGNALS).window_s,
        deadline_s=service.spec.load.progress_deadline_s,
    )
    if isinstance(memory, str):
        return Outcome(state=replace(state, beginning=beginning), decision=None, waiting_for=memory)
    return Running(memory=memory, last=state.last)
