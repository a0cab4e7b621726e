"""A proposal and what placement granted of it become a decision, and the memory the next tick starts from.

Propose and commit are two halves of one tick with placement between them; nothing is remembered of a raise that was
not granted, so it is computed anew at every tick, without cooldown and unmultiplied.
"""

from __future__ import annotations

from dataclasses import replace

from disaggregated_service.core.decision import Decision, Hold, Scale, Verdict
from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage, TrailStep
from scaler.core.guard_effect import on_trial
from scaler.core.memory import Clocks, GuardMemory, Memory
from scaler.core.notes import notes
from scaler.core.policy import Proposal
from scaler.core.starting import starting_now

COUNTS_MAX = 64


def commit(
    proposal: Proposal,
    granted: Pair,
    *,
    now_s: float,
    sequence: int,
    groups: tuple[DeploymentGroup, ...] = (),
    refused: tuple[tuple[str, int], ...] = (),
) -> tuple[Decision, Memory]:
    """The decision of this tick, under `sequence`, and the memory after it.

    groups: where the granted pair lives. refused: nodes per reason for what was not granted, for the trail.
    In advisory mode nothing is published and the policy's own targets are what its next step starts from.
    """
    spec = proposal.service.spec
    advisory = spec.mode is Mode.ADVISORY
    settled = proposal.targets if advisory else granted
    trail = proposal.trail
    if granted != proposal.targets:
        numbers = tuple((f"{why}_nodes", float(nodes)) for why, nodes in refused)
        trail = (*trail, TrailStep(Stage.PLACEMENT, proposal.targets, granted, Reason.NO_ROOM, numbers=numbers))
    decision = Decision(
        service=proposal.service.key,
        sequence=sequence,
        mode=spec.mode,
        verdict=_verdict(proposal, settled),
        in_force=proposal.in_force,
        targets=proposal.targets,
        granted=granted,
        published=None if advisory else granted,
        ready=proposal.observation.signals.ready,
        discovered=proposal.observation.signals.discovered,
        trail=trail,
        conditions=proposal.conditions,
        readings=notes(proposal.observation),
        groups=groups,
    )
    return decision, _remembered(proposal, settled, now_s)


def same_outcome(one: Decision, other: Decision) -> bool:
    """Whether two decisions differ in nothing that anybody acts on: then the later one keeps the sequence number."""
    return (
        one.verdict == other.verdict
        and one.published == other.published
        and one.granted == other.granted
        and one.targets == other.targets
        and one.in_force == other.in_force
        and one.groups == other.groups
        and [condition.type for condition in one.conditions] == [condition.type for condition in other.conditions]
    )


def _verdict(proposal: Proposal, settled: Pair) -> Verdict:
    if settled != proposal.in_force:
        return Scale(proposal.reason)
    return Hold(proposal.reason if settled == proposal.targets else Reason.NO_ROOM)


def _remembered(proposal: Proposal, settled: Pair, now_s: float) -> Memory:
    memory, before = proposal.memory, proposal.in_force
    if settled == before:
        return memory
    deadline_s = proposal.service.spec.load.progress_deadline_s
    counts = memory.counts or ((now_s, before),)
    kept = tuple((at_s, pair) for at_s, pair in counts if now_s - at_s <= deadline_s)
    ready = proposal.observation.signals.ready
    starting = memory.starting
    if proposal.service.spec.mode is Mode.ACTIVE:
        starting = {
            role: starting_now(starting[role], in_force=settled.of(role), ready=ready.of(role), now_s=now_s)
            for role in ROLES
        }
    return replace(
        memory,
        in_force=settled,
        counts=(*kept, (now_s, before), (now_s, settled))[-COUNTS_MAX:],
        starting=starting,
        clocks={role: _clock(proposal, role, settled, now_s) for role in ROLES},
        guards=_on_trial(proposal, settled),
    )


def _clock(proposal: Proposal, role: Role, settled: Pair, now_s: float) -> Clocks:
    clock = proposal.memory.clocks[role]
    if settled.of(role) == proposal.in_force.of(role):
        return clock
    # Part of a raise starts no cooldown: the rest was not granted, and is asked for again as soon as there is room.
    whole = settled.of(role) == proposal.targets.of(role)
    raised = whole and role in proposal.load_raises and settled.of(role) > proposal.in_force.of(role)
    return Clocks(load_raise_at_s=now_s if raised else clock.load_raise_at_s, change_at_s=now_s)


def _on_trial(proposal: Proposal, settled: Pair) -> dict[str, GuardMemory]:
    """Guards whose ask was granted, in part at least: their raise is now to be judged."""
    guards = dict(proposal.memory.guards)
    for ask in proposal.guard_asks:
        if any(settled.of(role) > proposal.in_force.of(role) for role in ask.replicas):
            guards[ask.guard] = on_trial(guards[ask.guard], judged=ask.judged, after=settled, at=ask.circumstances)
    return guards
