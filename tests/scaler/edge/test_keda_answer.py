"""What the board answers. Unknown is never a number."""

from __future__ import annotations

from dataclasses import replace

from disaggregated_service.core.pair import Pair, Role, ServiceKey
from scaler.edge.keda_answer import Refusal, Refused, published_replicas
from scaler.edge.keda_reference import Reference
from tests.scaler.edge.board_world import CHAT, INTERVAL_S, World
from tests.services import service

DECODE = Reference(CHAT, Role.DECODE)
PREFILL = Reference(CHAT, Role.PREFILL)


def refusal(world: World, reference: Reference = DECODE) -> Refusal:
    found = published_replicas(world.board, reference)
    assert isinstance(found, Refusal)
    return found


def test_each_role_gets_its_half_of_the_same_decision() -> None:
    world = World()
    world.publish(world.entry(Pair(4, 12)))
    assert (published_replicas(world.board, PREFILL), published_replicas(world.board, DECODE)) == (4, 12)


def test_before_the_first_tick_no_service_is_said_not_to_exist() -> None:
    assert refusal(World()) == Refusal(Refused.UNAVAILABLE, "service 'llm/chat-70b': the first tick has not finished")


def test_an_unknown_service_is_not_found_and_the_namespace_is_named() -> None:
    world = World()
    world.publish(world.entry(Pair(4, 12)))
    found = refusal(world, Reference(ServiceKey("other", "chat-70b"), Role.DECODE))
    assert found.why is Refused.NOT_FOUND
    assert "no service 'chat-70b' in namespace 'other'" in found.details


def test_a_service_that_is_still_starting_says_what_it_waits_for() -> None:
    world = World()
    world.publish(world.entry(None, waiting_for="20 s of 60 s"))
    assert refusal(world) == Refusal(Refused.UNAVAILABLE, "service 'llm/chat-70b': no decision yet: 20 s of 60 s")


def test_a_decision_goes_stale_after_three_intervals_and_not_before() -> None:
    world = World()
    world.publish(world.entry(Pair(4, 12)))
    world.clock.now_s += 3 * INTERVAL_S
    assert published_replicas(world.board, DECODE) == 12
    world.clock.now_s += 1
    assert refusal(world).why is Refused.UNAVAILABLE
    assert "46 s old, more than 3 intervals" in refusal(world).details


def test_an_advisory_service_tells_keda_nothing() -> None:
    world = World()
    world.publish(world.entry(Pair(4, 12), advisory=True))
    assert refusal(world).why is Refused.UNAVAILABLE
    assert "advisory" in refusal(world).details


def moe() -> World:
    """Decode has two attention and six feed-forward instances a replica."""
    parts = [
        {"name": name, "count": count, "target": {"name": name}}
        for name, count in (("attention", 2), ("feed-forward", 6))
    ]
    world = World()
    entry = world.entry(Pair(4, 12))
    world.publish(replace(entry, service=service(roles={"decode": {"components": parts, "gpusPerReplica": 8}})))
    return world


def test_a_component_gets_the_roles_count_times_its_own() -> None:
    world = moe()
    asked = [Reference(CHAT, Role.DECODE, name) for name in ("attention", "feed-forward")]
    assert [published_replicas(world.board, one) for one in asked] == [24, 72]
    assert published_replicas(world.board, PREFILL) == 4


def test_a_component_that_is_not_there_or_missing_is_refused_and_named() -> None:
    world = moe()
    for reference, words in (
        (DECODE, "missing; decode has components, each with a scale of its own: attention, feed-forward"),
        (Reference(CHAT, Role.DECODE, "atention"), "'atention' is no component of decode; did you mean attention?"),
        (Reference(CHAT, Role.DECODE, "x"), "'x' is no component of decode; it has: attention, feed-forward"),
        (Reference(CHAT, Role.PREFILL, "attention"), "'attention', but prefill has no components; leave it out"),
    ):
        assert refusal(world, reference) == Refusal(Refused.INVALID_ARGUMENT, f"scalerMetadata.component: {words}")
