from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from heteroscale.command.main import VERBS
from heteroscale.command.scheduler_profile import scheduler_configuration
from heteroscale.command.webhook_options import OPTIONS

MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"
BASE = MANIFESTS / "base"
FILES = sorted(MANIFESTS.rglob("*.yaml"))
POLICIES = [MANIFESTS / "policy" / version / "policy.yaml" for version in ("v1", "v1beta1")]

GIVEN = {"object.metadata", "object.spec"}  # every pod has them
FIELD = re.compile(r"\b(?:object|params)(?:\.[a-zA-Z]+)+")


def objects(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one is not None]


def one(kind: str) -> dict[str, Any]:
    (found,) = (each for path in FILES if BASE in path.parents for each in objects(path) if each["kind"] == kind)
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for webhook in one("MutatingWebhookConfiguration")["webhooks"]:
        for condition in webhook["matchConditions"]:
            yield condition["name"], condition["expression"]
    for path in POLICIES:
        spec = objects(path)[0]["spec"]
        for condition in spec["matchConditions"]:
            yield f"{path.parent.name} {condition['name']}", condition["expression"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(MANIFESTS)))
def test_every_manifest_is_yaml_of_objects(path: Path):
    assert all(found["apiVersion"] and found["kind"] for found in objects(path))


@pytest.mark.parametrize("path", [path for path in FILES if path.name == "kustomization.yaml"], ids=str)
def test_a_kustomization_lists_what_is_there_and_all_of_it(path: Path):
    listed = {(path.parent / name).resolve() for name in objects(path)[0]["resources"]}
    assert listed == {other.resolve() for other in path.parent.rglob("*.yaml") if other != path}


@pytest.mark.parametrize(("name", "expression"), [*expressions()])
def test_a_match_condition_asks_for_a_field_before_it_reads_it(name: str, expression: str):
    """An error in one skips the webhook without a word, so what may be missing is guarded by has()."""
    guarded = set(re.findall(r"has\(([a-zA-Z.]+)\)", expression)) | GIVEN
    bare = re.sub(r"has\([a-zA-Z.]+\)", "", expression)
    read = {field.removesuffix(".exists") for field in FIELD.findall(bare)}
    assert read - guarded == set(), name


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name)
def test_a_policy_reads_no_field_that_it_has_not_asked_for(path: Path):
    spec = objects(path)[0]["spec"]
    texts = [part["expression"] for part in (*spec["matchConditions"], *spec["variables"])]
    texts += [mutation["jsonPatch"]["expression"] for mutation in spec["mutations"]]
    guarded = {field for text in texts for field in re.findall(r"has\(([a-zA-Z.]+)\)", text)} | GIVEN
    bare = " ".join(re.sub(r"has\([a-zA-Z.]+\)", "", text) for text in texts)
    assert set(FIELD.findall(bare)) - guarded == set()
    used = {name for text in texts for name in re.findall(r"variables\.([a-zA-Z]+)", text)}
    assert used == {variable["name"] for variable in spec["variables"]}


def test_both_policies_are_one_text_but_for_the_version():
    v1, v1beta1 = (path.read_text() for path in POLICIES)
    assert [(one, other) for one, other in zip(v1.splitlines(), v1beta1.splitlines(), strict=True) if one != other] == [
        (
            "apiVersion: admissionregistration.k8s.io/v1   # Kubernetes 1.36 and newer",
            "apiVersion: admissionregistration.k8s.io/v1beta1   # Kubernetes 1.34 and 1.35, behind its feature gate",
        ),
        ("apiVersion: admissionregistration.k8s.io/v1", "apiVersion: admissionregistration.k8s.io/v1beta1"),
    ]


def test_a_webhook_that_fails_lets_pods_in():
    (webhook,) = one("MutatingWebhookConfiguration")["webhooks"]
    assert (webhook["failurePolicy"], webhook["timeoutSeconds"], webhook["sideEffects"]) == ("Ignore", 2, "None")
    assert webhook["reinvocationPolicy"] == "IfNeeded"
    assert "objectSelector" not in webhook
    assert webhook["rules"] == [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "resources": ["pods"],
            "operations": ["CREATE"],
            "scope": "Namespaced",
        }
    ]


def test_the_webhook_is_never_asked_about_its_own_pods():
    (webhook,) = one("MutatingWebhookConfiguration")["webhooks"]
    opt_in, but_not = webhook["namespaceSelector"]["matchExpressions"]
    assert opt_in == {"key": "heteroscale.dev/placement", "operator": "In", "values": ["enabled"]}
    assert one("Namespace")["metadata"]["name"] in but_not["values"]


def test_names_and_ports_agree_from_the_configuration_to_the_process():
    reference = one("MutatingWebhookConfiguration")["webhooks"][0]["clientConfig"]["service"]
    service, deployment = one("Service"), one("Deployment")
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    (port,) = service["spec"]["ports"]
    assert (reference["namespace"], reference["name"]) == (
        service["metadata"]["namespace"],
        service["metadata"]["name"],
    )
    assert reference["port"] == port["port"]
    opened = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    verb, *options = container["args"]
    given = dict(option.removeprefix("--").split("=", 1) for option in options)
    assert verb in VERBS
    assert given["listen"].endswith(f":{opened[port['targetPort']]}")
    assert given.keys() <= {option.flag.removeprefix("--") for option in OPTIONS}
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {str(Path(given[name]).parent) for name in ("plan", "nodes", "tls-cert", "tls-key")} == mounts


def test_the_webhook_runs_twice_and_without_rights_it_does_not_need():
    deployment = one("Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert deployment["spec"]["replicas"] == 2
    assert one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"readinessProbe", "livenessProbe"} <= container.keys()


def test_rights_are_to_read_but_for_one_secret_and_one_configuration():
    rules = [
        (rule, each["kind"])
        for each in objects(BASE / "webhook" / "rbac.yaml")
        if "rules" in each
        for rule in each["rules"]
    ]
    for rule, _ in rules:
        assert "*" not in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])
        if set(rule["verbs"]) - {"get", "list", "watch"}:
            assert len(rule["resourceNames"]) == 1
    assert {kind for rule, kind in rules if "secrets" in rule["resources"]} == {"Role"}
    configuration = one("MutatingWebhookConfiguration")["metadata"]["name"]
    assert [rule["resourceNames"] for rule, _ in rules if "mutatingwebhookconfigurations" in rule["resources"]] == [
        [configuration]
    ]


def test_the_shipped_scheduler_profile_is_the_one_that_render_prints():
    shipped = yaml.safe_load(one("ConfigMap")["data"]["config.yaml"])
    assert shipped == scheduler_configuration()
    profile = next(each for each in shipped["profiles"] if each["schedulerName"] == "heteroscale")
    score = profile["plugins"]["score"]
    assert {each["name"]: each["weight"] for each in score["enabled"]} == {"NodeResourcesFit": 10, "NodeAffinity": 5}
    assert {each["name"] for each in score["disabled"]} == {"NodeResourcesBalancedAllocation", "ImageLocality"}
