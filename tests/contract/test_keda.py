"""KEDA's five calls on a real socket: good questions, bad questions, and questions about the unknown."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from disaggregated_service.core.pair import Pair, ServiceKey
from tests.contract.keda_client import TIMEOUT_S, eventually, metrics_request, reference, refused, served
from tests.scaler.edge.board_world import INTERVAL_S, World

INVALID = grpc.StatusCode.INVALID_ARGUMENT
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


async def test_the_metric_spec_is_constant_for_services_known_or_not() -> None:
    async with served(World()) as under_test:
        for key in (ServiceKey("llm", "chat-70b"), ServiceKey("elsewhere", "nobody")):
            answer = await under_test.stub.GetMetricSpec(reference(key), timeout=TIMEOUT_S)
            (spec,) = answer.metricSpecs
            assert (spec.metricName, spec.targetSize, spec.targetSizeFloat) == ("desired-replicas", 1, 1.0)


async def test_both_roles_get_halves_of_the_same_decision_in_both_number_fields() -> None:
    async with served() as under_test:
        for role, replicas in (("prefill", 4), ("decode", 12)):
            asked = metrics_request(reference(role=role))
            (value,) = (await under_test.stub.GetMetrics(asked, timeout=TIMEOUT_S)).metricValues
            assert value.metricName == "desired-replicas"
            assert (value.metricValue, value.metricValueFloat) == (replicas, float(replicas))
            assert (await under_test.stub.IsActive(reference(role=role), timeout=TIMEOUT_S)).result


async def test_a_published_zero_is_zero_and_not_active() -> None:
    world = World()
    world.publish(world.entry(Pair(0, 0)))
    async with served(world) as under_test:
        (value,) = (await under_test.stub.GetMetrics(metrics_request(reference()), timeout=TIMEOUT_S)).metricValues
        assert (value.metricValue, value.metricValueFloat) == (0, 0.0)
        assert not (await under_test.stub.IsActive(reference(), timeout=TIMEOUT_S)).result


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (
            reference(role="decoder"),
            INVALID,
            "scalerMetadata.role: 'decoder' is neither prefill nor decode; did you mean",
        ),
        (reference(role=""), INVALID, "scalerMetadata.role: missing"),
        (reference(ServiceKey("llm", "")), INVALID, "scalerMetadata.service: missing"),
        (reference(ServiceKey("", "chat-70b")), INVALID, "namespace: missing"),
        (reference(ServiceKey("llm", "chat")), grpc.StatusCode.NOT_FOUND, "no service 'chat' in namespace 'llm'"),
        (reference(ServiceKey("other", "chat-70b")), grpc.StatusCode.NOT_FOUND, "own namespace"),
    ],
)
async def test_a_bad_reference_gets_a_status_that_names_the_field(asked, code, words) -> None:
    async with served() as under_test:
        for call in (under_test.stub.IsActive(asked), under_test.stub.GetMetrics(metrics_request(asked))):
            found, details = await refused(call)
            assert found is code
            assert words in details
        if code is INVALID:
            assert (await refused(under_test.stub.GetMetricSpec(asked)))[0] is INVALID


@pytest.mark.parametrize("name", ["", "queue-length", "Desired-Replicas", "s0-desired-replicas"])
async def test_a_foreign_metric_name_is_refused(name: str) -> None:
    async with served() as under_test:
        code, details = await refused(under_test.stub.GetMetrics(metrics_request(reference(), name)))
        assert code is INVALID
        assert details.startswith("metricName: ")
        assert "'desired-replicas'" in details


async def test_a_stale_decision_becomes_unavailable_and_comes_back() -> None:
    async with served() as under_test:
        world = under_test.world
        world.clock.now_s += 3 * INTERVAL_S + 1
        for call in (under_test.stub.IsActive(reference()), under_test.stub.GetMetrics(metrics_request(reference()))):
            code, details = await refused(call)
            assert code is UNAVAILABLE
            assert "46 s old" in details
        assert (await under_test.stub.GetMetricSpec(reference(), timeout=TIMEOUT_S)).metricSpecs
        world.publish(world.entry(Pair(5, 15)))
        assert (await under_test.stub.IsActive(reference(), timeout=TIMEOUT_S)).result


async def test_unknown_is_an_error_and_never_a_number() -> None:
    world = World()
    world.publish(
        world.entry(None, waiting_for="no counts yet"),
        world.entry(Pair(2, 6), key=ServiceKey("llm", "shadow"), advisory=True),
    )
    async with served(world) as under_test:
        for key, words in ((ServiceKey("llm", "chat-70b"), "no counts yet"), (ServiceKey("llm", "shadow"), "advisory")):
            for call in (
                under_test.stub.IsActive(reference(key)),
                under_test.stub.GetMetrics(metrics_request(reference(key))),
            ):
                code, details = await refused(call)
                assert code is UNAVAILABLE
                assert words in details


async def test_streamed_metric_specs_are_not_implemented() -> None:
    async with served() as under_test:
        code, _ = await refused(under_test.stub.StreamMetricSpec(reference()).read())
        assert code is grpc.StatusCode.UNIMPLEMENTED


async def test_every_call_is_counted_by_method_and_code() -> None:
    async with served() as under_test:
        await under_test.stub.IsActive(reference(), timeout=TIMEOUT_S)
        await under_test.stub.IsActive(reference(), timeout=TIMEOUT_S)
        await refused(under_test.stub.IsActive(reference(role="x")))
        await refused(under_test.channel.unary_unary("/externalscaler.ExternalScaler/Scale")(b""))
        stream = under_test.stub.StreamIsActive(reference())
        await asyncio.wait_for(stream.read(), TIMEOUT_S)
        assert under_test.samples("heteroscale_open_streams") == {(): 1.0}
        stream.cancel()
        await refused(under_test.channel.unary_unary("/externalscaler.ExternalScaler/IsActive")(b"\xff\xff"))
        expected = {
            ("IsActive", "OK"): 2.0,
            ("IsActive", "INVALID_ARGUMENT"): 2.0,
            ("unknown", "UNIMPLEMENTED"): 1.0,
            ("StreamIsActive", "CANCELLED"): 1.0,
        }
        await eventually(lambda: under_test.samples("heteroscale_rpcs_total") == expected)
        await eventually(lambda: under_test.samples("heteroscale_open_streams") == {(): 0.0})
        assert under_test.samples("heteroscale_rpc_duration_seconds_count")["IsActive",] == 4
