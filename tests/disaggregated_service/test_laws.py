"""What holds for any input at all: reading never raises, and what is valid stays valid."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from disaggregated_service.core.decision_json import UnreadableDecision, decision_from_json
from disaggregated_service.core.validate import read_spec
from disaggregated_service.edge.folder import read_services
from disaggregated_service.edge.manifest import service_in
from disaggregated_service.edge.time_zone import offsets_min
from disaggregated_service.edge.yaml_text import read_text
from tests.services import BASE, manifest


def keys_of(data: object) -> set[str]:
    if isinstance(data, dict):
        return set(data) | {key for value in data.values() for key in keys_of(value)}
    return {key for value in data for key in keys_of(value)} if isinstance(data, list) else set()


def places(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


KEYS = st.sampled_from(sorted(keys_of(BASE) | {"schedule", "from", "to", "fixed", "gpuBudget", "placement", "ratio"}))
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1s", "1:3", "mon"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_no_data_make_the_reader_raise(data: object) -> None:
    spec, faults = read_spec(data, offsets_min)
    assert (spec is None) == bool(faults)


@settings(max_examples=300)
@given(st.sampled_from(places(BASE)[1:]), PLAIN)
def test_no_change_of_a_valid_service_makes_the_reader_raise(place: tuple[str | int, ...], value: object) -> None:
    data = manifest()
    inner = data["spec"]
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    found = service_in(data)
    assert (found.service is None) == bool(found.faults)
    assert all(fault.path.startswith("spec") and fault.wrong and fault.right for fault in found.faults)


@given(st.text(max_size=200) | st.lists(st.sampled_from(list("{}[]:,-&*!|>'\"\n \ta1<")), max_size=60).map("".join))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    for document in read_text(text, "a.yaml").documents:
        assert document.line >= 1


@given(PLAIN)
def test_no_data_but_a_decision_are_read_as_one(data: object) -> None:
    with pytest.raises(UnreadableDecision):
        decision_from_json(data)


def test_a_folder_of_many_services_is_read_in_bounded_time(tmp_path: Path) -> None:
    for index in range(300):
        text = yaml.safe_dump(manifest(name=f"s{index}"))
        (tmp_path / f"{index:03d}.yaml").write_text(text, encoding="utf-8")
    read = read_services(tmp_path)
    assert len(read.services) == 300
    assert read.faults == ()
