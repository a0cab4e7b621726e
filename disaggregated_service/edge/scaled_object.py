"""The ScaledObjects of a service, one a role or one a component of it, for `render`: KEDA asks, the HPAs obey at once.

All damping lives in the scaler, once. The HPA's own (10 % tolerance, five minutes of stabilisation, step
limits) acts on each pool by itself and would break the ratio in transit, so all of it is switched off here.
This file must never know how a count is decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from disaggregated_service.core.pair import Role
from disaggregated_service.core.pod_labels import COMPONENT_LABEL, ROLE_LABEL, SERVICE_LABEL
from disaggregated_service.core.role_spec import Component, RoleSpec
from disaggregated_service.core.service import DisaggregatedService, Mode

TOLERANCE_MINOR_MIN = 35
"""First Kubernetes 1.x whose HPAs take a tolerance of their own without a feature gate; earlier ones drop
it.
"""

NAME_LENGTH_MAX = 63  # KEDA writes the name into a label
ANY_STEP = 10_000  # times a component's count: at least what maxReplicas can be, so that it never limits
POLICY_PERIOD_S = 15
DEFAULT_TOLERANCE_FRAC = 0.1  # of kube-controller-manager


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How KEDA's operator trusts the scaler.

    authentication: a TriggerAuthentication in the service's namespace with caCert, tlsClientCert and
    tlsClientKey (KEDA reads certificates from nowhere else). Without one, `enableTLS` trusts the operator's
    own roots.
    """

    authentication: str | None = None


def scaled_objects(
    service: DisaggregatedService, scaler_address: str, kubernetes_minor: int, tls: Tls | None = None
) -> tuple[dict[str, Any], ...]:
    """Prefill's and decode's, or none in advisory mode, where nobody may act on what is decided.

    A role with components has one for each of them and none of its own: the counts are always the role's times the
    component's, so that whole replicas come and go.
    scaler_address: HOST:PORT. kubernetes_minor: 35 for Kubernetes 1.35. Raises ValueError where a name
    would exceed 63 characters.
    """
    if service.spec.mode is Mode.ADVISORY:
        return ()
    return tuple(
        _scaled_object(service, role, component, scaler_address, kubernetes_minor, tls)
        for role in Role
        for component in service.spec.roles.of(role).components or (None,)
    )


def warnings(service: DisaggregatedService, kubernetes_minor: int) -> tuple[str, ...]:
    """What somebody who applies these objects should know."""
    if service.spec.mode is Mode.ADVISORY:
        return (f"{service.key} is advisory: no ScaledObject, and KEDA is told nothing",)
    found = []
    old = kubernetes_minor < TOLERANCE_MINOR_MIN
    tolerance = service.spec.hpa_tolerance
    if old and tolerance < DEFAULT_TOLERANCE_FRAC:
        found.append(
            f"{service.key}: Kubernetes 1.{kubernetes_minor} has no tolerance per HPA, so changes of up to 10 % are "
            f"swallowed, each pool by itself; write spec.hpaTolerance: {DEFAULT_TOLERANCE_FRAC} (it is {tolerance:g})"
        )
    if not old and tolerance > 0:
        found.append(
            f"{service.key}: spec.hpaTolerance {tolerance:g} is not needed on Kubernetes 1.{kubernetes_minor}: "
            "the ScaledObjects set it to 0; without it smaller steps are possible"
        )
    return tuple(found)


def to_yaml_stream(objects: Sequence[dict[str, Any]]) -> str:
    """One document an object, each begun with `---`; empty for none."""
    return "".join("---\n" + yaml.safe_dump(one, sort_keys=False, width=120) for one in objects)


def _scaled_object(
    service: DisaggregatedService,
    role: Role,
    component: Component | None,
    scaler_address: str,
    kubernetes_minor: int,
    tls: Tls | None,
) -> dict[str, Any]:
    pool = service.spec.roles.of(role)
    target, count = (pool.target, 1) if component is None else (component.target, component.count)
    part = {} if component is None else {"component": component.name}
    labels = {SERVICE_LABEL: service.key.name, ROLE_LABEL: role.value}
    if component is not None:
        labels[COMPONENT_LABEL] = component.name
    name = "-".join((service.key.name, role, *part.values()))
    if len(name) > NAME_LENGTH_MAX:
        raise ValueError(f"{name} has {len(name)} characters; a ScaledObject's name may have {NAME_LENGTH_MAX}")
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": name,
            "namespace": service.key.namespace,
            "labels": labels,
        },
        "spec": {
            "scaleTargetRef": {
                "apiVersion": target.api_version,
                "kind": target.kind,
                "name": target.name,
            },
            **_bounds(pool, count),
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior(kubernetes_minor, count)}},
            "triggers": [_trigger(service, role, part, scaler_address, tls)],
        },
    }


def _bounds(pool: RoleSpec, count: int) -> dict[str, int]:
    return {"minReplicaCount": pool.min_replicas * count, "maxReplicaCount": pool.max_replicas * count}


def _behavior(kubernetes_minor: int, count: int) -> dict[str, Any]:
    up = {"type": "Pods", "value": ANY_STEP * count, "periodSeconds": POLICY_PERIOD_S}
    down = {"type": "Percent", "value": 100, "periodSeconds": POLICY_PERIOD_S}
    rules = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max"}
    # Beside the policies, not inside: there it is dropped without a word.
    tolerance = {"tolerance": "0"} if kubernetes_minor >= TOLERANCE_MINOR_MIN else {}
    return {
        "scaleUp": {**tolerance, **rules, "policies": [up]},
        "scaleDown": {**tolerance, **rules, "policies": [down]},
    }


def _trigger(
    service: DisaggregatedService, role: Role, part: Mapping[str, str], scaler_address: str, tls: Tls | None
) -> dict[str, Any]:
    metadata = {"scalerAddress": scaler_address, "service": service.key.name, "role": role.value, **part}
    if tls is not None:
        metadata["enableTLS"] = "true"
    trigger: dict[str, Any] = {"type": "external", "metricType": "AverageValue", "metadata": metadata}
    if tls is not None and tls.authentication is not None:
        trigger["authenticationRef"] = {"name": tls.authentication}
    return trigger
