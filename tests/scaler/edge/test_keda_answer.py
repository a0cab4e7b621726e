"""What the board answers. Unknown is never a number."""

from __future__ import annotations

from disaggregated_service.core.pair import Pair, Role, ServiceKey
from scaler.edge.keda_answer import Refusal, Refused, published_replicas
from scaler.edge.keda_reference import Reference
from tests.scaler.edge.board_world import CHAT, INTERVAL_S, World

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
