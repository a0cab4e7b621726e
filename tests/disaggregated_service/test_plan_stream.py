from typing import Any

import yaml

from disaggregated_service.core.deployment_group import DeploymentGroup, Domain
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.placement_json import PlacementStatus, placement_to_json
from disaggregated_service.edge.plan_stream import PLAN_BYTES_MAX, PlanRead, read_plan
from tests.services import manifest, profile_manifest

OUR = {"affinity": "s2", "topologyProfile": "our-fabric"}


def planned(
    name: str = "chat-70b", *groups: str, refused: dict[str, int] | None = None, **changes: Any
) -> dict[str, Any]:
    """A service whose status has these groups, each of the whole cluster."""
    made = tuple(DeploymentGroup(name=group, domain=Domain(())) for group in groups)
    labels = {role: {"podLabels": {"app": name}} for role in ("prefill", "decode")}
    status = {"placement": placement_to_json(PlacementStatus(groups=made, refused=refused or {}))}
    return manifest(name=name, roles=labels, **changes) | {"status": status}


def read(*objects: dict[str, Any]) -> PlanRead:
    return read_plan(yaml.safe_dump_all(objects, sort_keys=False))


def test_a_plan_is_services_with_their_groups_and_the_profiles_they_name() -> None:
    found = read(profile_manifest(), planned("b", "b-a", "b-b", placement=OUR), planned("a", refused={"no_rdma": 4}))
    assert found.faults == ()
    assert [one.service.key.name for one in found.services] == ["a", "b"]
    assert [[group.name for group in one.groups] for one in found.services] == [[], ["b-a", "b-b"]]
    assert found.services[0].refused == {"no_rdma": 4}
    assert list(found.profiles) == ["our-fabric"]


def test_a_preset_that_a_service_names_is_there_without_being_written() -> None:
    found = read(planned(placement={"affinity": "s2", "topologyProfile": "aws"}))
    assert list(found.profiles) == ["aws"]


def test_a_service_without_a_status_has_no_groups_yet() -> None:
    found = read(manifest(), manifest(name="b") | {"status": {"scaling": {}}})
    assert [one.groups for one in found.services] == [(), ()]
    assert found.faults == ()


def test_a_list_as_kubectl_prints_it_is_a_plan_too() -> None:
    items = [profile_manifest(), planned("b", "b-a", placement=OUR), {"kind": "DisaggregatedService"}]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}, sort_keys=False)
    found = read_plan(text)
    assert [one.service.key.name for one in found.services] == ["b"]
    assert {fault.line for fault in found.faults} == {text.count("\n")}  # the last item is one line


def test_all_faults_are_found_at_once_and_half_a_plan_is_none() -> None:
    damaged = planned("a", "a-a")
    damaged["status"]["placement"]["groups"][0]["prefill"] = {"replicas": -1}
    found = read(damaged, planned("b", placement=OUR), planned("c", priority="x"), planned("d", "d-a"))
    assert [one.service.key.name for one in found.services] == ["d"]
    assert [fault.path for fault in found.faults] == [
        "status.placement.groups[0].prefill.replicas",
        "spec.priority",
        "spec.placement.topologyProfile",
    ]
    assert all(fault.source == "plan" and fault.line for fault in found.faults)


def test_a_status_that_is_no_object_is_a_fault() -> None:
    found = read(manifest() | {"status": {"placement": "none"}})
    assert [(fault.path, fault.wrong) for fault in found.faults] == [("status.placement", "is no object")]


def test_a_service_planned_twice_is_a_fault_and_the_first_one_stays() -> None:
    found = read(planned("a", "first"), planned("a", "second"))
    assert [[group.name for group in one.groups] for one in found.services] == [["first"]]
    assert ["llm/a is defined a second time" in fault.wrong for fault in found.faults] == [True]


def test_what_is_no_plan_is_a_fault_and_never_raises() -> None:
    assert read_plan("").services == ()
    assert [fault.path for fault in read_plan("a: [").faults] == ["document"]
    assert [fault.wrong for fault in read_plan("x" * (PLAN_BYTES_MAX + 1)).faults] == ["is above 64 MiB"]


def test_a_plan_larger_than_a_file_of_services_is_read() -> None:
    found = read(*(planned(f"s{index}", *(f"s{index}-{n}" for n in range(30))) for index in range(400)))
    assert found.faults == ()
    assert sum(len(one.groups) for one in found.services) == 12_000
    assert found.services[0].service.key == ServiceKey("llm", "s0")
