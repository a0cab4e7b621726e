import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from disaggregated_service.core.decision_json import decision_to_json
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.shape import Record, record_of
from disaggregated_service.edge.crd import crd, profile_crd
from disaggregated_service.edge.generate import generated, main
from tests.disaggregated_service.build import BASE

VERSION = crd()["spec"]["versions"][0]
SPEC = VERSION["schema"]["openAPIV3Schema"]["properties"]["spec"]
PROFILE = profile_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def nodes(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for key, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}.{key}")


def test_what_is_generated_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_generating_refuses_an_argument_it_does_not_know() -> None:
    assert main(["--write"]) == 2


def test_everything_is_bounded_or_the_api_server_would_refuse_the_rules() -> None:
    both = [*nodes(SPEC, "spec"), *nodes(PROFILE, "profile")]
    bound = {"string": {"maxLength", "enum"}, "array": {"maxItems"}}
    unbounded = [path for path, node in both if node["type"] in bound and not bound[node["type"]] & node.keys()]
    unbounded += [path for path, node in both if "additionalProperties" in node and "maxProperties" not in node]
    assert unbounded == []


def test_every_field_is_described() -> None:
    both = [*nodes(SPEC, "spec"), *nodes(PROFILE, "profile")]
    fields = [(path, node) for path, node in both if path.count(".") and "items" not in path.split(".")[-1]]
    assert [
        path for path, node in fields if not node.get("description") and not path.endswith("additionalProperties")
    ] == []


def test_no_attribute_of_the_types_is_missing() -> None:
    record = record_of(ServiceSpec)
    assert [field.attribute for field in record.fields] == [field.name for field in dataclasses.fields(ServiceSpec)]
    assert set(SPEC["properties"]) == {field.key for field in record.fields}
    assert all(isinstance(field.doc, str) and field.doc for field in walk(record))


def walk(record: Record) -> Iterator[Any]:
    for field in record.fields:
        yield field
        if isinstance(field.shape, Record):
            yield from walk(field.shape)


def test_defaults_bounds_and_patterns_come_from_the_types() -> None:
    window = SPEC["properties"]["signals"]["properties"]["window"]
    assert window["default"] == "60s"
    assert (
        window["x-kubernetes-validations"][0]["rule"]
        == "duration(self) >= duration('1s') && duration(self) <= duration('1h')"
    )
    assert SPEC["properties"]["damping"]["properties"]["in"]["exclusiveMinimum"] is True
    assert SPEC["properties"]["guards"]["items"]["properties"]["percentile"]["default"] == 90
    assert SPEC["properties"]["ratio"]["properties"]["mode"]["enum"] == ["fixed", "measured"]
    assert SPEC["properties"]["placement"]["default"] == {"affinity": "none", "onExhausted": "wait", "exact": False}


def test_the_default_of_a_ratios_member_is_told_and_not_filled_in() -> None:
    tolerance = SPEC["properties"]["ratio"]["properties"]["tolerance"]
    assert "default" not in tolerance
    assert tolerance["description"].endswith("Default: 0.15.")


def test_the_printed_columns_exist_in_a_decision() -> None:
    decision = decision_to_json(BASE)
    paths = [column["jsonPath"] for column in VERSION["additionalPrinterColumns"]]
    for path in paths:
        if path.startswith(".status"):
            value: Any = {"status": {"scaling": {"decision": decision}}}
            for step in path.removeprefix(".").split("."):
                value = value[step]
            assert value in {5, 15, "scale", "load_out"}


def test_a_profile_speaks_for_nodes_and_so_has_no_namespace() -> None:
    assert profile_crd()["spec"]["scope"] == "Cluster"
    classes = PROFILE["properties"]["gpuClasses"]
    assert classes["additionalProperties"]["required"] == ["match"]
    assert classes["maxProperties"] == 32


def test_what_a_profile_leaves_out_is_the_presets_and_not_filled_in() -> None:
    assert "default" not in PROFILE["properties"]["rdmaResources"]
    assert PROFILE["properties"]["levels"]["default"] == {}


def test_the_reference_names_every_field() -> None:
    page = next(text for path, text in generated().items() if path.suffix == ".md")
    missing = [
        path for path, _ in nodes(SPEC, "spec") if path.count(".") == 1 and f"| `{path.split('.')[-1]}` |" not in page
    ]
    assert missing == []
