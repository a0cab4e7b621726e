from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.deployment_group import Allotment, DeploymentGroup, Domain, Except, Label
from disaggregated_service.core.json_field import UnreadableJson
from disaggregated_service.core.pair import Role
from disaggregated_service.core.placement_json import (
    PlacementStatus,
    groups_from_json,
    groups_to_json,
    placement_from_json,
    placement_to_json,
)
from disaggregated_service.core.placement_spec import Tier

DESIGNED = {
    "name": "chat-70b-a",
    "domain": [
        {"key": "topology.kubernetes.io/zone", "value": "z1"},
        {"key": "fabric.topograph.run/tier-1", "value": "s2-7"},
    ],
    "except": {"key": "fabric.topograph.run/tier-0", "values": ["s1-40"]},
    "tier": "medium",
    "prefill": {"class": "h100", "replicas": 4},
    "decode": {"class": "h20", "replicas": 12},
    "sequence": 812,
}
GROUP = DeploymentGroup(
    name="chat-70b-a",
    domain=Domain((Label("topology.kubernetes.io/zone", "z1"), Label("fabric.topograph.run/tier-1", "s2-7"))),
    exclude=Except("fabric.topograph.run/tier-0", ("s1-40",)),
    tier=Tier.MEDIUM,
    allotments={
        Role.PREFILL: Allotment(gpu_class="h100", replicas=4),
        Role.DECODE: Allotment(gpu_class="h20", replicas=12),
    },
    sequence=812,
)
TEXTS = st.text(max_size=8)
ALLOTMENTS = st.builds(Allotment, gpu_class=st.none() | TEXTS, replicas=st.integers(0, 10_000))
GROUPS = st.builds(
    DeploymentGroup,
    name=TEXTS,
    domain=st.none() | st.lists(st.builds(Label, TEXTS, TEXTS), max_size=3).map(tuple).map(Domain),
    exclude=st.none() | st.builds(Except, TEXTS, st.lists(TEXTS, max_size=3).map(tuple)),
    tier=st.none() | st.sampled_from(Tier),
    allotments=st.dictionaries(st.sampled_from(Role), ALLOTMENTS),
    sequence=st.integers(0, 2**53),
)
STATUSES = st.builds(
    PlacementStatus,
    groups=st.lists(GROUPS, max_size=3, unique_by=lambda group: group.name).map(tuple),
    refused=st.dictionaries(TEXTS, st.integers(0, 10_000), max_size=3),
)


def test_a_group_is_written_as_the_status_shows_it() -> None:
    assert groups_to_json([GROUP]) == [DESIGNED]
    assert groups_from_json([DESIGNED]) == (GROUP,)


def test_the_group_of_unlabelled_nodes_has_no_domain_and_says_so() -> None:
    unknown = DeploymentGroup(
        name="unknown", domain=None, allotments={Role.DECODE: Allotment(gpu_class=None, replicas=3)}
    )
    data = {"name": "unknown", "domain": None, "decode": {"replicas": 3}, "sequence": 0}
    assert groups_to_json([unknown]) == [data]
    assert groups_from_json([data]) == (unknown,)
    assert groups_from_json([{"name": "unknown", "decode": {"replicas": 3}}]) == (unknown,)


def test_the_whole_cluster_is_a_domain_without_labels() -> None:
    (data,) = groups_to_json([DeploymentGroup(name="a", domain=Domain(()))])
    assert data == {"name": "a", "domain": [], "sequence": 0}


@given(STATUSES)
def test_a_status_is_read_back_as_it_was_written(status: PlacementStatus) -> None:
    assert placement_from_json(placement_to_json(status)) == status


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": 5}, "groups[0].name"),
        ({"domain": [{"key": "a"}]}, "groups[0].domain[0].value"),
        ({"domain": "zone"}, "groups[0].domain"),
        ({"domain": [{"key": "a", "value": "b"}] * 17}, "groups[0].domain"),
        ({"except": {"key": "a"}}, "groups[0].except.values"),
        ({"tier": "scarce"}, "groups[0].tier"),
        ({"tier": 1}, "groups[0].tier"),
        ({"prefill": {"class": "h100"}}, "groups[0].prefill.replicas"),
        ({"prefill": {"class": 1, "replicas": 1}}, "groups[0].prefill.class"),
        ({"prefill": {"replicas": -1}}, "groups[0].prefill.replicas"),
        ({"decode": 5}, "groups[0].decode"),
        ({"sequence": "new"}, "groups[0].sequence"),
    ],
)
def test_a_damaged_group_is_named_and_not_guessed_at(change: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadableJson) as caught:
        groups_from_json([DESIGNED | change])
    assert caught.value.field == field


def test_two_groups_of_one_name_are_refused() -> None:
    with pytest.raises(UnreadableJson, match=r"groups\[1\].name .* a second time"):
        groups_from_json([DESIGNED, DESIGNED])


@given(st.recursive(st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["groups", "refused", *DESIGNED]), inner, max_size=5), max_leaves=12))  # fmt: skip
def test_no_data_make_the_reader_raise_anything_else(data: object) -> None:
    with suppress(UnreadableJson):
        placement_from_json(data)
