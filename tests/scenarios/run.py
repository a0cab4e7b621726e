"""Runs a scenario through the shipped coordinator, and shows it as lines.

A line stands for every tick at which what it shows differs from the line before: the granted pair, `hold` where
something was kept from happening, the reason, and the conditions that hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from disaggregated_service.core.decision import Decision, Hold
from disaggregated_service.core.load_spec import RoleLoad
from disaggregated_service.core.override import HoldUntil, Override, PairUntil
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.trail import Reason
from heteroscale.coordinator.placement import grant_everything
from heteroscale.coordinator.tick import Outcome, Running, Starting, State, started_with, tick
from scaler.core.memory import Memory
from scaler.core.memory_record import memory_from_data, memory_to_data
from scaler.core.observation import Observation
from tests.scenarios.cluster import Pools, Readings
from tests.scenarios.scenario import Scenario
from tests.services import merged, service

BASE: dict[str, Any] = {"roles": {"decode": {"minReplicas": 1}}}
INTERVAL_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An equivalent way to run the same scenario; each must give the same lines."""

    name: str = "as written"
    shift_s: float = 0.0
    scale: float = 1.0
    twice: bool = False
    persisted: bool = False


FORMS = (
    Form(),
    Form(name="time shifted", shift_s=1e6 + 0.5),
    Form(name="every observation delivered twice", twice=True),
    Form(name="load and target scaled together", scale=4.0),
    Form(name="state written and read back at every tick", persisted=True),
)


def run(scenario: Scenario, form: Form = FORMS[0]) -> list[str]:
    """The lines of the scenario in this form."""
    changes = merged(BASE, scenario.service)
    subject = _scaled(service(unchecked=scenario.unchecked, **changes), form.scale)
    readings = Readings(scenario, form.scale)
    state: State = started_with(scenario.start) if scenario.start else Starting()
    pools = Pools(scenario.starts_after_s)
    first = scenario.start or Pair(0, 0)
    pools.ready = {role: first.of(role) for role in pools.starting}
    override: Override | None = None
    sequence = 0
    lines: list[str] = []
    for number in range(readings.ticks):
        at_s = number * scenario.every_s
        now_s = at_s + form.shift_s
        for event in scenario.events:
            if event.at_s == at_s:
                changes, override, state = _happen(event.what, changes, override, state, now_s)
                subject = _scaled(service(unchecked=scenario.unchecked, **changes), form.scale)
        pools.grow(now_s)
        observation = Observation(
            signals=readings.signals(subject.spec, pools, number),
            active_entries=readings.entries(number),
            override=override,
            interval_s=INTERVAL_S,
        )
        outcome, sequence = _tick(subject, observation, state, now_s, sequence)
        state = outcome.state
        if form.twice:
            state = _tick(subject, observation, state, now_s, sequence)[0].state
        if form.persisted and isinstance(state, Running):
            state = replace(state, memory=_written_and_read(state.memory, now_s))
        if outcome.decision is not None:
            pools.follow(outcome.decision.granted, now_s)
        shown = show(outcome)
        if not lines or lines[-1].split(maxsplit=1)[1] != shown:
            lines.append(f"{at_s:g}s".ljust(6) + shown)
    return lines


def show(outcome: Outcome) -> str:
    """One outcome without its time."""
    if outcome.decision is None:
        return f"unavailable: {outcome.waiting_for.split(' for another ')[0]}"
    decision: Decision = outcome.decision
    content = decision.verdict.reason is Reason.WITHIN_BAND
    word = "hold " if isinstance(decision.verdict, Hold) and not content else ""
    standing = sorted({condition.type.value for condition in decision.conditions})
    conditions = f"  [{' '.join(standing)}]" if standing else ""
    return f"{decision.granted}  {word}{decision.verdict.reason.value}{conditions}"


def _tick(
    subject: DisaggregatedService, observation: Observation, state: State, now_s: float, sequence: int
) -> tuple[Outcome, int]:
    result = tick(
        [subject],
        {subject.key: observation},
        {subject.key: state},
        now_s=now_s,
        sequence=sequence,
        place=grant_everything,
    )
    return result.outcomes[subject.key], result.sequence


def _happen(
    what: dict[str, Any], changes: dict[str, Any], override: Override | None, state: State, now_s: float
) -> tuple[dict[str, Any], Override | None, State]:
    match what:
        case {"service": edit}:
            return merged(changes, edit), override, state
        case {"hold": bool(on)}:
            return changes, HoldUntil(until_unix_s=0) if on else None, state
        case {"pair": [int(prefill), int(decode)]}:
            return changes, PairUntil(pair=Pair(prefill, decode), until_unix_s=0), state
        case {"pair": None}:
            return changes, None, state
        case {"restart": "with state"} if isinstance(state, Running):
            data = memory_to_data(state.memory, now_s=now_s)
            read = memory_from_data(data, now_s=now_s, elapsed_s=0)
            return changes, override, Starting(persisted=read, last=state.last)
        case {"restart": "without state"}:
            return changes, override, Starting()
        case _:
            raise ValueError(f"no such event: {what}")


def _written_and_read(memory: Memory, now_s: float) -> Memory:
    read = memory_from_data(memory_to_data(memory, now_s=now_s), now_s=now_s, elapsed_s=0)
    watched = {  # what a real restart forgets on purpose goes on here, or the form would not be equivalent
        name: replace(guard, needless_since_s=memory.guards[name].needless_since_s)
        for name, guard in read.guards.items()
    }
    return replace(read, needs=memory.needs, guards=watched)


def _scaled(subject: DisaggregatedService, scale: float) -> DisaggregatedService:
    load = subject.spec.load
    scaled = replace(load, prefill=_times(load.prefill, scale), decode=_times(load.decode, scale))
    return replace(subject, spec=replace(subject.spec, load=scaled))


def _times(load: RoleLoad | None, scale: float) -> RoleLoad | None:
    if load is None:
        return None
    target, capacity = load.target_per_replica, load.capacity_per_replica
    return replace(
        load,
        target_per_replica=None if target is None else target * scale,
        capacity_per_replica=None if capacity is None else capacity * scale,
    )
