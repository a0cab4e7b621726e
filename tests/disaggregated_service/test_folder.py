import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from disaggregated_service.core.override import HoldUntil, PairUntil
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.edge.folder import ServicesRead, keep_last_good, read_services
from tests.services import manifest, profile_manifest

CHAT = ServiceKey("llm", "chat-70b")


def write(path: Path, *objects: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")
    return path


def said(read: ServicesRead) -> list[str]:
    return [str(fault) for fault in read.faults]


def test_the_examples_are_valid() -> None:
    read = read_services(Path(__file__).resolve().parents[2] / "examples")
    assert said(read) == []
    assert [str(service.key) for service in read.services] == [
        "default/small",
        "llm/chat-70b",
        "llm/moe",
        "llm/reasoning",
    ]
    assert list(read.profiles) == ["our-fabric"]


def test_a_file_a_stream_and_a_folder_are_read(tmp_path: Path) -> None:
    one = write(tmp_path / "b.yaml", manifest(name="b"))
    write(tmp_path / "a.yml", manifest(name="a1"), manifest(name="a2", namespace="other"))
    write(tmp_path / ".hidden.yaml", manifest(name="hidden"))
    (tmp_path / "notes.txt").write_text("no YAML: [", encoding="utf-8")
    assert [str(service.key) for service in read_services(one).services] == ["llm/b"]
    read = read_services(tmp_path)
    assert [str(service.key) for service in read.services] == ["llm/a1", "llm/b", "other/a2"]
    assert read.origins[ServiceKey("llm", "a1")] == str(tmp_path / "a.yml")


def test_objects_of_other_kinds_are_left_aside(tmp_path: Path) -> None:
    write(
        tmp_path / "a.yaml",
        {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject"},
        manifest(),
        {"apiVersion": "v1", "kind": "List", "items": []},
    )
    read = read_services(tmp_path)
    assert [service.key for service in read.services] == [CHAT]
    assert said(read) == []
    assert ["List is left aside: not yet read" in note for note in read.notes] == [True]


def test_a_fault_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "apiVersion: heteroscale.dev/v1alpha1\nkind: DisaggregatedService\nmetadata:\n  name: Chat\nspec:\n"
        "  mode: on\n  rolse: {}\n  load: {}\n  ratio: {prefill: 1, decode: 3}\n",
        encoding="utf-8",
    )
    assert [fault.split("; ")[0] for fault in said(read_services(path))] == [
        f'{path}:4: metadata.name: is "Chat"',
        f"{path}:5: spec.roles: is missing",
        f"{path}:6: spec.mode: is the truth value true",
        f"{path}:7: spec.rolse: is not a known key",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "DisagregatedService"}, 'kind: is "DisagregatedService"; did you mean "DisaggregatedService"?'),
        ({"apiVersion": "heteroscale.dev/v1"}, 'apiVersion: is "heteroscale.dev/v1"; write heteroscale.dev/v1alpha1'),
        ({"sepc": {}}, 'sepc: is not a known key; did you mean "spec"?'),
        ({"metadata": {"namespace": "llm"}}, "metadata.name: is missing; write it, for instance chat-70b"),
        ({"metadata": {"name": "x" * 53}}, "metadata.name: is"),
        ({"metadata": 5}, "metadata: is the number 5"),
        ({"metadata": {"name": "a", "annotations": {"heteroscale.dev/hold-untill": "x"}}}, 'metadata.annotations["heteroscale.dev/hold-untill"]: is not a known annotation; did you mean "heteroscale.dev/hold-until"?'),
        ({"metadata": {"name": "a", "annotations": {"heteroscale.dev/hold-until": "2026-11-21"}}}, 'metadata.annotations["heteroscale.dev/hold-until"]: is "2026-11-21"; write a UTC instant such as'),
        ({"metadata": {"name": "a", "annotations": {"heteroscale.dev/pair": "8P24D"}}}, 'metadata.annotations["heteroscale.dev/pair"]: is "8P24D"; write it like "8P24D until 2026-11-21T18:00:00Z"'),
        ({"metadata": {"name": "a", "annotations": {"heteroscale.dev/pair": "8P24D until 2026-02-30T18:00:00Z"}}}, 'metadata.annotations["heteroscale.dev/pair"]: is'),
        ({"metadata": {"name": "a", "annotations": []}}, "metadata.annotations: is a list, not a mapping"),
    ],
)  # fmt: skip
def test_what_is_around_the_spec_is_checked_too(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    path = write(tmp_path / "a.yaml", manifest() | changes)
    faults = [str(fault).removeprefix(f"{path}:{fault.line}: ") for fault in read_services(path).faults]
    assert [fault[: len(expected)] for fault in faults] == [expected]


def test_annotations_override_until_an_instant(tmp_path: Path) -> None:
    annotations = {
        "heteroscale.dev/hold-until": "1970-01-01T00:01:00Z",
        "heteroscale.dev/pair": "8P24D until 1970-01-01T01:00:00Z",
        "example/other": "anything",
    }
    path = write(tmp_path / "a.yaml", manifest() | {"metadata": {"name": "a", "annotations": annotations}})
    (service,) = read_services(path).services
    assert service.key == ServiceKey("default", "a")
    assert service.overrides == (
        HoldUntil(until_unix_s=60.0),
        PairUntil(pair=Pair(8, 24), until_unix_s=3600.0),
    )


def test_status_is_ignored_and_the_generation_kept(tmp_path: Path) -> None:
    data = manifest() | {"status": {"anything": ["at", "all"]}, "metadata": {"name": "a", "generation": 7}}
    (service,) = read_services(write(tmp_path / "a.yaml", data)).services
    assert service.generation == 7


def test_a_service_defined_twice_is_a_fault_and_the_first_one_stays(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", manifest(priority=1))
    write(tmp_path / "b.yaml", manifest(priority=2))
    read = read_services(tmp_path)
    assert [service.spec.priority for service in read.services] == [1]
    assert [fault.wrong for fault in read.faults] == [
        f"llm/chat-70b is defined a second time (first: {tmp_path / 'a.yaml'}:1)"
    ]
    assert read.broken == frozenset()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: [", b"- 1\n", b"just text"])
def test_a_broken_file_does_not_hide_the_good_ones(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "good.yaml", manifest())
    (tmp_path / "bad.yaml").write_bytes(content)
    read = read_services(tmp_path)
    assert [service.key for service in read.services] == [CHAT]
    assert read.broken_files == frozenset({str(tmp_path / "bad.yaml")})
    assert len(read.faults) == 1


def test_a_path_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    read = read_services(tmp_path / "missing")
    assert read.services == ()
    assert "cannot be read: No such file" in str(read.faults[0])


@pytest.mark.parametrize("broken", ["spec: {}\n", "metadata: [\n", None])
def test_a_broken_edit_keeps_the_last_good_version(tmp_path: Path, broken: str | None) -> None:
    path = write(tmp_path / "a.yaml", manifest(priority=7))
    before = read_services(path)
    if broken is None:
        path.unlink()  # read as a file of its own: it cannot be told from a share that is away for a moment
    else:
        path.write_text(yaml.safe_dump(manifest(priority="x")) if broken == "spec: {}\n" else broken, encoding="utf-8")
    now = keep_last_good(before, read_services(path))
    assert [service.spec.priority for service in now.services] == [7]
    assert keep_last_good(now, read_services(path)).services == now.services
    assert now.faults


def test_a_service_taken_out_of_a_readable_folder_is_gone(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", manifest(name="a"))
    write(tmp_path / "b.yaml", manifest(name="b"), manifest(name="c"))
    before = read_services(tmp_path)
    (tmp_path / "a.yaml").unlink()
    write(tmp_path / "b.yaml", manifest(name="c"))
    now = keep_last_good(before, read_services(tmp_path))
    assert [service.key.name for service in now.services] == ["c"]


OUR = {"affinity": "s2", "topologyProfile": "our-fabric"}


def test_profiles_are_read_from_the_same_files(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", manifest(placement=OUR))
    write(tmp_path / "z.yaml", profile_manifest(), profile_manifest(name="other", preset="aws"))
    read = read_services(tmp_path)
    assert said(read) == []
    assert sorted(read.profiles) == ["other", "our-fabric"]
    assert [service.key for service in read.services] == [CHAT]


def test_a_preset_that_a_service_names_is_among_the_profiles(tmp_path: Path) -> None:
    placement = {"affinity": "s2", "topologyProfile": "gke"}
    assert list(read_services(write(tmp_path / "a.yaml", manifest(placement=placement))).profiles) == ["gke"]


def test_a_profile_that_nobody_wrote_is_a_fault_of_the_service_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.yaml", manifest(placement={"affinity": "s2", "topologyProfile": "our-fabrik"}), profile_manifest()
    )
    read = read_services(path)
    assert read.services == ()
    assert read.broken == {CHAT}
    (fault,) = read.faults
    assert str(fault).startswith(f"{path}:{fault.line}: spec.placement.topologyProfile: names neither a profile nor")
    assert 'did you mean "our-fabric"?' in fault.right
    assert "topologyProfile" in path.read_text(encoding="utf-8").splitlines()[fault.line - 1]


def test_faults_of_a_profile_name_it_and_do_not_hide_services(tmp_path: Path) -> None:
    broken = profile_manifest(preset="awz", levels={"s1": ["a", "a"]})
    read = read_services(
        write(tmp_path / "a.yaml", manifest(name="b", namespace="other"), manifest(placement=OUR), broken)
    )
    assert [service.key.name for service in read.services] == ["b"]
    assert [fault.path for fault in read.faults] == [
        "spec.preset",
        "spec.levels.s1[1]",
        "spec.placement.topologyProfile",
    ]
    assert 'names "our-fabric", which has faults itself' in read.faults[-1].wrong


def test_a_profile_defined_twice_is_a_fault_and_the_first_one_stays(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", profile_manifest(preset="aws"))
    write(tmp_path / "b.yaml", profile_manifest(preset="gke"))
    read = read_services(tmp_path)
    assert read.profiles["our-fabric"].rdma_resources == ("vpc.amazonaws.com/efa",)
    assert [fault.wrong.split(" (")[0] for fault in read.faults] == [
        "TopologyProfile our-fabric is defined a second time"
    ]


@pytest.mark.parametrize("metadata", [None, {}, {"name": "Our"}, {"name": 5}])
def test_a_profile_needs_a_name(tmp_path: Path, metadata: object) -> None:
    path = write(tmp_path / "a.yaml", profile_manifest() | {"metadata": metadata})
    assert [fault.path for fault in read_services(path).faults] in (["metadata"], ["metadata.name"])


def test_two_services_that_would_own_the_same_pods_are_a_fault(tmp_path: Path) -> None:
    placed = {"affinity": "s2", "topologyProfile": "aws"}
    read = read_services(write(tmp_path / "a.yaml", manifest(name="b", placement=placed), manifest(name="a")))
    assert [service.key.name for service in read.services] == ["a"]
    assert [fault.path for fault in read.faults] == ["spec.roles.prefill.podLabels", "spec.roles.decode.podLabels"]
    assert "match the prefill pods of llm/a too" in read.faults[0].wrong


def test_a_broken_edit_of_a_profile_keeps_its_last_good_version_and_its_services(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", manifest(placement=OUR))
    path = write(tmp_path / "p.yaml", profile_manifest())
    before = read_services(tmp_path)
    for damage in (yaml.safe_dump(profile_manifest(preset="awz")), "a: ["):
        path.write_text(damage, encoding="utf-8")
        now = keep_last_good(before, read_services(tmp_path))
        assert now.profiles == before.profiles
        assert [service.key for service in now.services] == [CHAT]
        assert now.faults


def test_a_profile_taken_out_of_a_readable_folder_is_gone(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", manifest())
    path = write(tmp_path / "p.yaml", profile_manifest())
    before = read_services(tmp_path)
    path.unlink()
    assert keep_last_good(before, read_services(tmp_path)).profiles == {}


@pytest.mark.parametrize("found", ["empty", "dangling", "loop", "folder", "pipe"])
def test_a_file_that_turns_into_something_else_keeps_its_last_good_version(tmp_path: Path, found: str) -> None:
    file = write(tmp_path / "a.yaml", manifest())
    before = read_services(tmp_path)
    file.unlink()
    match found:
        case "empty":
            file.touch()
        case "dangling":
            file.symlink_to(tmp_path / "nowhere")
        case "loop":
            file.symlink_to(file)
        case "folder":
            file.mkdir()
        case _:
            os.mkfifo(file)
    now = read_services(tmp_path)
    assert [fault.source for fault in now.faults] == [str(file)]
    assert [service.key for service in keep_last_good(before, now).services] == [CHAT]
