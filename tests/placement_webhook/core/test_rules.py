"""What an author's rule becomes, and who is taken for whose manager: the cases that no review pair shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from disaggregated_service.core.pair import Role
from placement_webhook.core.author_rule import AuthorRule, read_author
from placement_webhook.core.group_rule import group_rules
from placement_webhook.core.json_patch import applied
from placement_webhook.core.label_set import between
from placement_webhook.core.manager import manager_of
from placement_webhook.core.narrowing import into_one
from placement_webhook.core.placement import ANNOTATION, Placed
from placement_webhook.core.reason import Reason
from tests.placement_webhook.edge.plan_text import CLASSES, PRODUCT
from tests.placement_webhook.laws.affinity import REQUIRED
from tests.placement_webhook.laws.gated import plain
from tests.placement_webhook.laws.test_admission_laws import admitted, cluster, view_of
from tests.placement_webhook.pair_fixtures import ZONE


@pytest.mark.parametrize(("value", "below", "above"), [("7", True, False), ("8", False, False), ("9", False, True)])
def test_bounds_are_exclusive(value: str, below: bool, above: bool) -> None:
    assert (between(None, 8).admits(value), between(8, None).admits(value)) == (below, above)


def asking_for(*zones: str) -> dict[str, Any]:
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]} for zone in zones]
    return plain("decode", affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}})


def test_a_term_that_contradicts_every_group_stays_and_still_matches_nothing() -> None:
    pod = asking_for("z1", "z9")
    outcome = admitted("two groups", pod, {})
    assert isinstance(outcome, Placed)
    terms = applied(pod, outcome.patch)["spec"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    assert [term["matchExpressions"][0]["values"] for term in terms] == [["z1"], ["z9"]]
    assert {"key": ZONE, "operator": "In", "values": ["z1"]} in terms[1]["matchExpressions"]


def test_a_rule_that_suffices_already_is_still_marked_as_placed() -> None:
    pod = plain("decode")
    outcome = admitted("two groups", pod, {})
    assert isinstance(outcome, Placed)
    after = applied(pod, outcome.patch)
    copied = {**after, "metadata": pod["metadata"]}  # of a template made from a running pod, less its annotations
    again = admitted("two groups", copied, {})
    assert isinstance(again, Placed)
    assert applied(copied, again.patch)["metadata"]["annotations"][ANNOTATION]


@pytest.mark.parametrize(("value", "reason"), [("true", Reason.SKIPPED), ("false", Reason.PLACED)])
def test_only_true_skips(value: str, reason: Reason) -> None:
    pod = plain("decode")
    pod["metadata"]["annotations"] = {"heteroscale.dev/skip-placement": value}
    assert admitted("two groups", pod, {}).reason is reason


@pytest.mark.parametrize("gate", ["kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology", "grove.io/podgang"])
def test_a_gate_of_another_managers_shows_it(gate: str) -> None:
    assert manager_of(plain("decode", schedulingGates=[{"name": gate}])) == f"scheduling gate {gate}"


def test_a_gate_of_nobody_known_shows_no_manager() -> None:
    assert manager_of(plain("decode", schedulingGates=[{"name": "example.com/quota"}])) is None


def test_a_group_of_two_kinds_of_class_label_pins_only_who_asked_for_a_class() -> None:
    view, nodes = view_of("one group"), cluster()[0]
    service, groups = view.services[0]
    (rule,) = group_rules(service, Role.DECODE, groups, view.profile_of(service), nodes)
    twice = replace(rule, terms=(*rule.terms, *rule.terms))
    asked = read_author({"nodeSelector": {PRODUCT: CLASSES["h20"]}})
    anybody = read_author({})
    assert isinstance(asked, AuthorRule)
    assert isinstance(anybody, AuthorRule)
    assert into_one(anybody, twice, nodes) is None
    assert into_one(asked, twice, nodes) is not None
