from typing import Any

import pytest
import yaml

from disaggregated_service.edge.scaled_object import Tls, scaled_objects, to_yaml_stream, warnings
from tests.services import service

ADDRESS = "heteroscale.heteroscale:6000"


def behavior(minor: int) -> Any:
    decode = scaled_objects(service(), ADDRESS, minor)[1]
    return decode["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]


def test_a_service_has_two_which_differ_in_role_target_and_bounds() -> None:
    prefill, decode = scaled_objects(service(), ADDRESS, 35)
    assert [one["metadata"]["name"] for one in (prefill, decode)] == ["chat-70b-prefill", "chat-70b-decode"]
    assert decode["metadata"]["namespace"] == "llm"
    assert decode["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "chat-70b-decode",
    }
    assert (decode["spec"]["minReplicaCount"], decode["spec"]["maxReplicaCount"]) == (3, 72)
    assert (prefill["spec"]["minReplicaCount"], prefill["spec"]["maxReplicaCount"]) == (1, 24)
    assert decode["spec"]["triggers"] == [
        {
            "type": "external",
            "metricType": "AverageValue",
            "metadata": {"scalerAddress": ADDRESS, "service": "chat-70b", "role": "decode"},
        }
    ]


def test_nothing_of_the_hpas_own_damping_is_left() -> None:
    rules = {"tolerance": "0", "stabilizationWindowSeconds": 0, "selectPolicy": "Max"}
    assert behavior(35) == {
        "scaleUp": {**rules, "policies": [{"type": "Pods", "value": 10_000, "periodSeconds": 15}]},
        "scaleDown": {**rules, "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
    }
    assert all("fallback" not in one["spec"] for one in scaled_objects(service(), ADDRESS, 35))


def test_before_1_35_there_is_no_tolerance_and_a_warning_says_what_to_write() -> None:
    assert "tolerance" not in behavior(34)["scaleUp"]
    assert "tolerance" not in behavior(34)["scaleDown"]
    (warning,) = warnings(service(), 34)
    assert "write spec.hpaTolerance: 0.1 (it is 0)" in warning
    assert warnings(service(hpaTolerance=0.1), 34) == ()


def test_from_1_35_a_tolerance_of_the_spec_is_no_longer_needed() -> None:
    assert warnings(service(), 35) == ()
    assert "is not needed on Kubernetes 1.36" in warnings(service(hpaTolerance=0.1), 36)[0]


def test_an_advisory_service_has_none() -> None:
    advisory = service(mode="advisory")
    assert scaled_objects(advisory, ADDRESS, 35) == ()
    assert "is advisory: no ScaledObject" in warnings(advisory, 34)[0]


def test_certificates_come_from_a_trigger_authentication() -> None:
    (trigger,) = scaled_objects(service(), ADDRESS, 35, Tls(authentication="scaler-tls"))[0]["spec"]["triggers"]
    assert trigger["metadata"]["enableTLS"] == "true"
    assert trigger["authenticationRef"] == {"name": "scaler-tls"}
    (own_roots,) = scaled_objects(service(), ADDRESS, 35, Tls())[0]["spec"]["triggers"]
    assert "authenticationRef" not in own_roots


def test_a_name_that_would_be_too_long_is_refused() -> None:
    assert scaled_objects(service(name="x" * 52), ADDRESS, 35)
    with pytest.raises(ValueError, match="has 64 characters"):
        scaled_objects(service(name="x" * 56), ADDRESS, 35)


def test_the_stream_is_read_back_by_any_yaml_reader() -> None:
    objects = scaled_objects(service(), ADDRESS, 35)
    assert tuple(yaml.safe_load_all(to_yaml_stream(objects))) == objects
    assert to_yaml_stream(()) == ""
