from pathlib import Path

import grpc

from scaler.wire import externalscaler_pb2, externalscaler_pb2_grpc, generate


def test_the_generated_code_is_what_the_contract_gives() -> None:
    wire = Path(generate.__file__).parent
    stale = [name for name, text in generate.generate().items() if not generate.is_current(wire / name, text)]
    assert stale == []


def test_the_runtime_is_the_one_that_the_code_was_generated_for() -> None:
    assert generate.COMPILER_VERSION == externalscaler_pb2_grpc.GRPC_GENERATED_VERSION  # type: ignore[attr-defined]
    assert grpc.__version__ == generate.COMPILER_VERSION


def test_names_and_numbers_are_those_of_keda() -> None:
    file = externalscaler_pb2.DESCRIPTOR
    (service,) = file.services_by_name.values()
    assert service.full_name == "externalscaler.ExternalScaler"
    assert {
        method.name: (method.input_type.name, method.output_type.name, method.server_streaming)
        for method in service.methods
    } == {
        "IsActive": ("ScaledObjectRef", "IsActiveResponse", False),
        "StreamIsActive": ("ScaledObjectRef", "IsActiveResponse", True),
        "GetMetricSpec": ("ScaledObjectRef", "GetMetricSpecResponse", False),
        "GetMetrics": ("GetMetricsRequest", "GetMetricsResponse", False),
        "StreamMetricSpec": ("ScaledObjectRef", "GetMetricSpecResponse", True),
    }
    assert {
        message.name: {field.number: field.name for field in message.fields}
        for message in file.message_types_by_name.values()
    } == {
        "ScaledObjectRef": {1: "name", 2: "namespace", 3: "scalerMetadata"},
        "IsActiveResponse": {1: "result"},
        "GetMetricSpecResponse": {1: "metricSpecs"},
        "MetricSpec": {1: "metricName", 2: "targetSize", 3: "targetSizeFloat"},
        "GetMetricsRequest": {1: "scaledObjectRef", 2: "metricName"},
        "GetMetricsResponse": {1: "metricValues"},
        "MetricValue": {1: "metricName", 2: "metricValue", 3: "metricValueFloat"},
    }


def test_values_travel_as_integer_and_as_float() -> None:
    # Field 2 as varint 12, field 3 as little-endian double 12.0: what KEDA reads off the wire, byte for byte.
    spec = externalscaler_pb2.MetricSpec(targetSize=12, targetSizeFloat=12.0)
    assert spec.SerializeToString() == bytes.fromhex("100c190000000000002840")
