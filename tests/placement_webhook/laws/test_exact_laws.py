"""What holds whenever gates are opened, whatever waits behind them and whatever is there already."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from placement_webhook.core.exact import DEADLINE_S, GatedPod, Ungate, Wait, Why, ungate
from tests.placement_webhook.edge.plan_text import PRODUCT
from tests.placement_webhook.laws.affinity import allowed
from tests.placement_webhook.laws.gated import assert_kubernetes_takes_it, gated, patched, plain
from tests.placement_webhook.laws.pods import pods, seen_counts
from tests.placement_webhook.laws.test_admission_laws import CLASS_OF, Seen, cluster, counted, in_domain, view_of
from tests.placement_webhook.pair_fixtures import PLANS

PLANS_OF_LAWS = st.sampled_from(["exact", "exact", "exact", "two groups", "exact, nothing planned"])
GROUPS = {group["name"]: group for group in PLANS["exact"]["status"]["placement"]["groups"]}


@st.composite
def waiting(draw: st.DrawFn) -> list[GatedPod]:
    """Many plain pods of both roles, and a few with rules of their authors'."""
    plains = [plain(role) for role in ("prefill", "decode") for _ in range(draw(st.integers(0, 9)))]
    several = draw(st.permutations([*plains, *draw(st.lists(pods(), max_size=3))]))
    ages_s = st.sampled_from([0.0, 20.0, DEADLINE_S])
    return [gated(pod, f"{number:04}", draw(ages_s)) for number, pod in enumerate(several)]


def decided(several: list[GatedPod], plan: str, there: Seen) -> tuple[Ungate | Wait, ...]:
    return ungate(several, view_of(plan), cluster()[0], counted(plan, there))


def role_of(one: GatedPod) -> str:
    return str(one.pod["metadata"]["labels"]["llm-d.ai/role"])


@given(plan=PLANS_OF_LAWS, several=waiting(), there=seen_counts())
def test_each_patch_is_one_that_kubernetes_takes_and_only_narrows(
    plan: str, several: list[GatedPod], there: Seen
) -> None:
    outcomes = {one.uid: one for one in decided(several, plan, there)}
    assert sorted(outcomes) == sorted(one.uid for one in several)
    for one in several:
        outcome = outcomes[one.uid]
        event(outcome.why.value)
        if isinstance(outcome, Wait):
            assert one.waiting_s < DEADLINE_S
            continue
        after, before = patched(one, outcome), allowed(one.pod, cluster()[1])
        assert_kubernetes_takes_it(one.pod, after)
        assert allowed(after, cluster()[1]) <= before
        assert allowed(after, cluster()[1]) or not before


@given(several=waiting(), there=seen_counts())
def test_who_is_allotted_a_group_can_go_nowhere_else(several: list[GatedPod], there: Seen) -> None:
    by_uid = {one.uid: one for one in several}
    for outcome in decided(several, "exact", there):
        if not isinstance(outcome, Ungate) or outcome.why is not Why.ALLOTTED:
            continue
        one = by_uid[outcome.uid]
        for name in allowed(patched(one, outcome), cluster()[1]):
            labels = cluster()[1][name]
            assert in_domain(labels, GROUPS[outcome.group])
            assert labels[PRODUCT] == CLASS_OF[role_of(one)]


@given(several=waiting(), there=seen_counts())
def test_a_group_is_filled_by_whole_bundles_and_never_beyond_what_it_wants(
    several: list[GatedPod], there: Seen
) -> None:
    roles = {one.uid: role_of(one) for one in several}
    allotted: dict[tuple[str, str], int] = {}
    for outcome in decided(several, "exact", there):
        if isinstance(outcome, Ungate) and outcome.group:
            key = (outcome.group, roles[outcome.uid])
            allotted[key] = allotted.get(key, 0) + 1
    for name, group in GROUPS.items():
        wanted = [group[role]["replicas"] for role in ("prefill", "decode")]
        before = [min(most, there.get(name, {}).get(role, 0)) for role, most in zip(CLASS_OF, wanted, strict=True)]
        after = [least + allotted.get((name, role), 0) for role, least in zip(CLASS_OF, before, strict=True)]
        assert after[0] <= wanted[0]
        assert after[1] <= wanted[1]
        each = wanted[1] // wanted[0]  # of these groups: decode replicas in a bundle
        sums = [(max(before[0], k), max(before[1], k * each)) for k in range(wanted[0] + 1)]
        assert tuple(after) in sums or before[0] == wanted[0] or before[1] == wanted[1]


@given(plan=PLANS_OF_LAWS, several=waiting(), there=seen_counts(), data=st.data())
def test_equal_inputs_equal_patches(plan: str, several: list[GatedPod], there: Seen, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(several))
    assert decided(several, plan, there) == decided([*shuffled, *shuffled], plan, there)


@given(plan=PLANS_OF_LAWS, several=waiting(), there=seen_counts())
def test_every_gate_is_opened_exactly_once(plan: str, several: list[GatedPod], there: Seen) -> None:
    opened: list[str] = []
    fleet = {one.uid: one for one in several}
    counts = {group: dict(roles) for group, roles in there.items()}
    for passed_s in (0.0, 10.0, 10.0, 10.0, 10.0):
        fleet = {
            uid: GatedPod(namespace=one.namespace, pod=one.pod, waiting_s=one.waiting_s + passed_s)
            for uid, one in fleet.items()
        }
        for outcome in decided(list(fleet.values()), plan, counts):
            if isinstance(outcome, Ungate):
                opened.append(outcome.uid)
                fleet[outcome.uid] = moved(fleet[outcome.uid], outcome, counts)
    assert sorted(opened) == sorted(fleet)
    assert not decided(list(fleet.values()), plan, counts)


def moved(one: GatedPod, outcome: Ungate, counts: dict[str, dict[str, Any]]) -> GatedPod:
    """After its patch: in the group that it names."""
    if outcome.group:
        roles = counts.setdefault(outcome.group, {})
        roles[role_of(one)] = roles.get(role_of(one), 0) + 1
    return GatedPod(namespace=one.namespace, pod=patched(one, outcome), waiting_s=one.waiting_s)
