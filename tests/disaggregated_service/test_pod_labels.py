from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core.pair import Role
from disaggregated_service.core.pod_labels import Owner, Owners, overlap_faults, owner_of
from disaggregated_service.core.service import DisaggregatedService
from tests.services import REMOVE, service

S2 = {"affinity": "s2", "topologyProfile": "topograph"}


def labelled(
    name: str, labels: dict[str, str], namespace: str = "llm", placement: dict[str, str] = S2
) -> DisaggregatedService:
    """A service whose pools differ in `role` and in nothing else."""
    roles = {role.value: {"podLabels": REMOVE} for role in Role}
    if not labels:
        return service(name=name, namespace=namespace, roles=roles, placement=placement)
    from_labels = {role.value: {"podLabels": labels | {"role": role.value}} for role in Role}
    merged = {key: REMOVE for key in ("app", "llm-d.ai/role") if key not in labels}
    return service(
        name=name,
        namespace=namespace,
        placement=placement,
        roles={role: {"podLabels": one["podLabels"] | merged} for role, one in from_labels.items()},
    )


DEFAULT = labelled("chat", {})
OWN = labelled("own", {"app": "own"})


def said(owner: Owner | None) -> tuple[str, str, str] | None:
    return None if owner is None else (owner[0].key.name, owner[1].value, owner[2])


def test_without_labels_of_its_own_a_pool_is_told_by_service_and_role() -> None:
    labels = {"heteroscale.dev/service": "chat", "heteroscale.dev/role": "decode", "other": "x"}
    assert said(owner_of("llm", labels, [OWN, DEFAULT])) == ("chat", "decode", "")
    assert owner_of("other", labels, [OWN, DEFAULT]) is None
    assert owner_of("llm", labels | {"heteroscale.dev/role": "router"}, [DEFAULT]) is None
    assert owner_of("llm", {}, [DEFAULT, OWN]) is None


def test_labels_of_its_own_replace_the_default() -> None:
    assert said(owner_of("llm", {"app": "own", "role": "prefill"}, [DEFAULT, OWN])) == ("own", "prefill", "")
    assert owner_of("llm", {"heteroscale.dev/service": "own", "heteroscale.dev/role": "prefill"}, [OWN]) is None


def test_the_component_is_told_where_the_role_has_it() -> None:
    part = {"name": "attention", "count": 2, "target": {"name": "a"}}
    moe = service(roles={"decode": {"components": [part], "podLabels": {"app": "moe"}}})
    labels = {"app": "moe", "llm-d.ai/role": "decode", "heteroscale.dev/component": "attention"}
    assert said(owner_of("llm", labels, [moe])) == ("chat-70b", "decode", "attention")
    assert said(owner_of("llm", labels | {"heteroscale.dev/component": "router"}, [moe])) == ("chat-70b", "decode", "")
    prefill = {"app": "chat-70b", "llm-d.ai/role": "prefill", "heteroscale.dev/component": "attention"}
    assert said(owner_of("llm", prefill, [moe])) == ("chat-70b", "prefill", "")


def test_of_two_pools_that_take_a_pod_the_one_with_more_labels_has_it() -> None:
    wide, narrow = labelled("a", {"app": "x"}), labelled("b", {"app": "x", "track": "canary"})
    labels = {"app": "x", "track": "canary", "role": "decode"}
    assert said(owner_of("llm", labels, [wide, narrow])) == ("b", "decode", "")
    assert said(owner_of("llm", labels, [narrow, wide])) == ("b", "decode", "")


def test_a_pool_that_takes_in_anothers_pods_is_at_fault() -> None:
    wide, narrow = labelled("a", {"app": "x"}), labelled("b", {"app": "x", "track": "canary"})
    found = list(overlap_faults([narrow, wide]))
    assert [(key.name, fault.path) for key, fault in found] == [
        ("a", "spec.roles.prefill.podLabels"),
        ("a", "spec.roles.decode.podLabels"),
    ]
    assert found[1][1].wrong == "match the decode pods of llm/b too"
    assert found[1][1].right.endswith("heteroscale.dev/service: a")


def test_of_equal_labels_the_later_name_is_at_fault_and_other_namespaces_are_no_matter() -> None:
    first, second = labelled("a", {"app": "x"}), labelled("b", {"app": "x"})
    assert {key.name for key, _ in overlap_faults([second, first])} == {"b"}
    assert list(overlap_faults([first, labelled("b", {"app": "x"}, namespace="other")])) == []
    assert list(overlap_faults([DEFAULT, OWN, labelled("third", {})])) == []


def test_pools_that_nobody_places_may_share_their_labels() -> None:
    first, second = (labelled(name, {"app": "x"}, placement={"affinity": "none"}) for name in "ab")
    assert list(overlap_faults([first, second])) == []
    assert {key.name for key, _ in overlap_faults([labelled("a", {"app": "x"}), second])} == {"b"}


VALUES = st.sampled_from(["x", "y", "prefill", "decode"])
LABELS = st.dictionaries(st.sampled_from(["app", "role", "track"]), VALUES)
MANY = [labelled(f"s{n}", one, ns) for n, one in enumerate([{}, {"app": "x"}, {"app": "y"}, {"track": "x"}, {"app": "x", "track": "y"}]) for ns in ("llm", "other")]  # fmt: skip


@given(LABELS, st.sampled_from(["llm", "other", "third"]))
def test_many_pods_are_told_as_single_ones_are(labels: dict[str, str], namespace: str) -> None:
    assert Owners(MANY).owner_of(namespace, labels) == owner_of(namespace, labels, MANY)
