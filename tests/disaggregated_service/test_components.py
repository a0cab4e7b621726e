from typing import Any

import pytest
import yaml

from disaggregated_service.edge.manifest import service_in
from disaggregated_service.edge.scaled_object import scaled_objects
from tests.services import faults_with, manifest, service


def component(name: str, count: int, target: str = "") -> dict[str, Any]:
    return {"name": name, "count": count, "target": {"name": target or f"moe-{name}"}}


MOE = [component("attention", 1), component("feed-forward", 3)]


def decode(*components: dict[str, Any], gpus: int = 8) -> dict[str, Any]:
    return {"decode": {"components": list(components), "gpusPerReplica": gpus}}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (decode(*MOE), []),
        (decode(MOE[0], component("attention", 3, "other")), ["spec.roles.decode.components[1].name: attention is the name of spec.roles.decode.components[0] too"]),
        (decode(MOE[0], component("b", 3, "moe-attention")), ["spec.roles.decode.components[1].target: is spec.roles.decode.components[0].target too"]),
        (decode(component("a", 1, "chat-70b-decode")), ["spec.roles.decode.components[0].target: is spec.roles.decode.target too (Deployment chat-70b-decode)"]),
        (decode(component("a", 1, "chat-70b-prefill")), ["spec.roles.decode.components[0].target: is spec.roles.prefill.target too"]),
        (decode(*MOE, gpus=6), ["spec.roles.decode.gpusPerReplica: is 6, not divisible by the 4 instances of its components; write a multiple, for instance 8"]),
        (decode(*MOE) | {"prefill": {"components": [component("a", 1, "moe-attention")]}}, ["spec.roles.decode.components[0].target: is spec.roles.prefill.components[0].target too"]),
    ],
)  # fmt: skip
def test_components_are_whole_replicas_with_scales_of_their_own(roles: dict[str, Any], expected: list[str]) -> None:
    found = [str(fault) for fault in faults_with(roles=roles)]
    assert [fault[: len(start)] for fault, start in zip(found, expected, strict=True)] == expected


def test_a_component_whose_derived_name_is_too_long_is_a_fault() -> None:
    data = manifest(name="x" * 52, roles=decode(component("attention", 1)))
    (fault,) = service_in(data).faults
    assert fault.path == "spec.roles.decode.components[0].name"
    assert "has more than 63 characters" in fault.wrong


def test_each_component_has_a_scaled_object_with_the_roles_bounds_times_its_count() -> None:
    prefill, attention, feed_forward = scaled_objects(service(roles=decode(*MOE)), "heteroscale:6000", 35)
    assert prefill["metadata"]["name"] == "chat-70b-prefill"
    assert attention["metadata"]["name"] == "chat-70b-decode-attention"
    assert feed_forward["metadata"]["labels"]["heteroscale.dev/component"] == "feed-forward"
    assert feed_forward["spec"]["scaleTargetRef"]["name"] == "moe-feed-forward"
    bounds = [(one["spec"]["minReplicaCount"], one["spec"]["maxReplicaCount"]) for one in (attention, feed_forward)]
    assert bounds == [(3, 72), (9, 216)]
    (trigger,) = feed_forward["spec"]["triggers"]
    assert trigger["metadata"] == {
        "scalerAddress": "heteroscale:6000", "service": "chat-70b", "role": "decode", "component": "feed-forward",
    }  # fmt: skip
    assert "component" not in prefill["spec"]["triggers"][0]["metadata"]
    assert yaml.safe_load(yaml.safe_dump(feed_forward)) == feed_forward


def test_any_step_of_a_component_is_allowed_at_once() -> None:
    (_, many) = scaled_objects(service(roles=decode(component("a", 8))), "heteroscale:6000", 35)
    (policy,) = many["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleUp"]["policies"]
    assert policy["value"] == 80_000
