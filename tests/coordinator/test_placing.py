from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from disaggregated_service.core.decision import Decision, Hold, Scale
from disaggregated_service.core.deployment_group import Allotment, DeploymentGroup, Domain, Label
from disaggregated_service.core.explanation import explain
from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.trail import Reason, Stage
from heteroscale.coordinator.placement import Grant, Granted, PlacementRequest, grant_everything
from heteroscale.coordinator.tick import Running, State, TickResult, started_with, tick
from prescheduler.core.tier_memory import NOTHING_REMEMBERED, TierMemory
from scaler.core.observation import Observation
from tests.services import service
from tests.ticker.world import TARGET_TPS, signals

CHAT = service()
BUSY = TARGET_TPS * 24
RUNS = Pair(4, 12)
ROOMY = Pair(100, 300)
S2 = Domain((Label("tier-1", "s2-7"),))


def group(pair: Pair, name: str = "chat-70b-a") -> DeploymentGroup:
    roles = {Role.PREFILL: pair.prefill, Role.DECODE: pair.decode}
    return DeploymentGroup(
        name=name, domain=S2, allotments={role: Allotment(gpu_class=None, replicas=n) for role, n in roles.items()}
    )


@dataclass
class Room:
    """Grants at most `most` to everybody, and remembers what it was asked."""

    most: Pair = ROOMY
    refused: tuple[tuple[str, int], ...] = (("too_few_gpus", 12), ("wrong_gpu_class", 1))
    asked: list[Sequence[PlacementRequest]] = field(default_factory=list)
    memories: list[TierMemory] = field(default_factory=list)

    def __call__(self, requests: Sequence[PlacementRequest], memory: TierMemory, now_s: float) -> Granted:
        self.asked.append(requests)
        self.memories.append(memory)
        grants = {}
        for request in requests:
            short = request.targets.decode > self.most.decode
            pair = self.most if short else request.targets
            grants[request.service.key] = Grant(pair=pair, groups=(group(pair),), refused=self.refused if short else ())
        return Granted(grants=grants, memory=TierMemory(seen={("p", S2, "h20"): now_s}))


def observed(decode_tps: float | None = BUSY) -> Observation:
    return Observation(signals=signals(RUNS, decode_tps), interval_s=15.0)


def ticked(
    room: Room,
    services: Sequence[DisaggregatedService] = (CHAT,),
    states: Mapping[ServiceKey, State] | None = None,
    *,
    now_s: float = 1000.0,
    sequence: int = 7,
    observations: Mapping[ServiceKey, Observation] | None = None,
    memory: TierMemory = NOTHING_REMEMBERED,
) -> TickResult:
    return tick(
        services,
        {one.key: observed() for one in services} if observations is None else observations,
        {one.key: started_with(RUNS) for one in services} if states is None else states,
        now_s=now_s,
        sequence=sequence,
        place=room,
        placement=memory,
    )


def decided(result: TickResult, key: ServiceKey = CHAT.key) -> Decision:
    decision = result.outcomes[key].decision
    assert decision is not None
    return decision


def test_a_raise_is_granted_as_far_as_there_is_room_and_says_why_not_further():
    decision = decided(ticked(Room(most=Pair(6, 18))))
    assert (decision.in_force, decision.targets, decision.granted) == (RUNS, Pair(8, 24), Pair(6, 18))
    assert decision.published == Pair(6, 18)
    assert isinstance(decision.verdict, Scale)
    step = decision.trail[-1]
    assert (step.stage, step.reason) == (Stage.PLACEMENT, Reason.NO_ROOM)
    assert step.numbers == (("too_few_gpus_nodes", 12.0), ("wrong_gpu_class_nodes", 1.0))


def test_explain_says_how_many_nodes_failed_for_which_reason():
    words = explain(decided(ticked(Room(most=RUNS))))
    assert (
        "placement has no room for all of it (too few gpus 12 nodes, wrong gpu class 1 node): 8P 24D -> 4P 12D" in words
    )


def test_a_raise_without_any_room_holds_and_stands_until_there_is_room():
    room = Room(most=RUNS)
    first = ticked(room)
    assert decided(first).verdict == Hold(Reason.NO_ROOM)
    state = {CHAT.key: first.outcomes[CHAT.key].state}
    second = ticked(room, states=state, now_s=1015.0, sequence=first.sequence, memory=first.placement)
    assert decided(second).targets == Pair(8, 24)
    room.most = Pair(8, 24)
    third = ticked(room, states={CHAT.key: second.outcomes[CHAT.key].state}, now_s=1030.0, memory=second.placement)
    assert decided(third).granted == Pair(8, 24)  # no cooldown held back what was never granted


def test_part_of_a_raise_starts_no_cooldown_for_the_rest():
    room = Room(most=Pair(6, 18))
    first = ticked(room)
    room.most = ROOMY
    second = ticked(room, states={CHAT.key: first.outcomes[CHAT.key].state}, now_s=1015.0)
    assert decided(second).granted == Pair(8, 24)


def test_what_placement_remembers_is_handed_from_tick_to_tick():
    room = Room()
    first = ticked(room)
    ticked(room, now_s=1015.0, memory=first.placement)
    assert room.memories == [NOTHING_REMEMBERED, TierMemory(seen={("p", S2, "h20"): 1000.0})]


def test_the_groups_of_the_last_decision_are_where_the_next_one_starts():
    room = Room()
    first = ticked(room)
    assert decided(first).groups == (replace(group(Pair(8, 24)), sequence=8),)
    ticked(room, states={CHAT.key: first.outcomes[CHAT.key].state}, now_s=1015.0)
    assert room.asked[1][0].previous == decided(first).groups


def test_a_group_that_did_not_change_keeps_the_number_of_the_decision_that_changed_it():
    room = Room(most=Pair(6, 18))
    first = ticked(room)
    states = {CHAT.key: first.outcomes[CHAT.key].state}
    again = ticked(room, states=states, now_s=1015.0, sequence=first.sequence)
    assert [one.sequence for one in decided(again).groups] == [8]
    room.most = Pair(8, 24)
    grown = ticked(room, states={CHAT.key: again.outcomes[CHAT.key].state}, now_s=1030.0, sequence=again.sequence)
    assert [one.sequence for one in decided(grown).groups] == [decided(grown).sequence]


def test_services_are_placed_by_priority_then_by_name():
    low, high = service(name="a", priority=1), service(name="b", priority=900)
    room = Room()
    ticked(room, [low, CHAT, high])
    assert [request.service.key.name for request in room.asked[0]] == ["b", "chat-70b", "a"]


def test_a_service_that_could_not_be_observed_keeps_what_it_was_allotted():
    room = Room()
    first = ticked(room)
    state = first.outcomes[CHAT.key].state
    assert isinstance(state, Running)
    result = ticked(room, states={CHAT.key: state}, now_s=1015.0, observations={})
    (standing,) = room.asked[1]
    assert (standing.in_force, standing.targets, standing.previous) == (Pair(8, 24), Pair(8, 24), decided(first).groups)
    assert result.outcomes == {}


def test_an_advisory_service_asks_from_what_runs_and_takes_no_room():
    advisory = service(mode="advisory")
    room = Room(most=RUNS)
    states = {advisory.key: started_with(Pair(6, 18))}
    decision = decided(ticked(room, [advisory], states))
    (request,) = room.asked[0]
    assert request.hypothetical
    assert (request.in_force, request.previous) == (RUNS, ())
    assert decision.granted == RUNS
    assert decision.published is None


def test_without_a_cluster_everything_is_granted():
    request = PlacementRequest(service=CHAT, in_force=RUNS, targets=Pair(8, 24))
    assert grant_everything([request], NOTHING_REMEMBERED, 0.0).grants[CHAT.key] == Grant(pair=Pair(8, 24))
