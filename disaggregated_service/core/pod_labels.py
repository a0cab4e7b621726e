"""Whose pod it is, by its labels: the service, the role, and the component where the role has some.

This file must never know how pods are watched or admitted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.pair import ROLES, Role, ServiceKey
from disaggregated_service.core.placement_spec import Affinity
from disaggregated_service.core.service import DisaggregatedService

SERVICE_LABEL = "heteroscale.dev/service"
ROLE_LABEL = "heteroscale.dev/role"
COMPONENT_LABEL = "heteroscale.dev/component"

Owner = tuple[DisaggregatedService, Role, str]
"""Service, role and component; "" where the role has none, or where the pod names none that it has."""


@dataclass(frozen=True, slots=True)
class _Selector:
    """One pool's labels, as they have to be on its pods."""

    labels: tuple[tuple[str, str], ...]
    service: DisaggregatedService
    role: Role

    def takes(self, labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in self.labels)

    @property
    def order(self) -> tuple[int, ServiceKey, int]:
        """Of several that take the same pod, the first counts: most labels, then by name, prefill first."""
        return (-len(self.labels), self.service.key, ROLES.index(self.role))


def pod_labels(service: DisaggregatedService, role: Role) -> dict[str, str]:
    """The labels that tell the role's pods: those of the spec, else service and role."""
    written = service.spec.roles.of(role).pod_labels
    return dict(written) if written else {SERVICE_LABEL: service.key.name, ROLE_LABEL: role.value}


def owner_of(namespace: str, labels: Mapping[str, str], services: Iterable[DisaggregatedService]) -> Owner | None:
    """Whose pod it is. One look through all services: for many pods, use Owners."""
    near = [service for service in services if service.key.namespace == namespace]
    return _first((selector for service in near for selector in _selectors(service)), labels)


class Owners:
    """The same answer for many pods: selectors are looked up by their rarest label."""

    def __init__(self, services: Iterable[DisaggregatedService]) -> None:
        self._by_label: Mapping[tuple[str, str, str], list[_Selector]] = _by_rarest_label(services)

    def owner_of(self, namespace: str, labels: Mapping[str, str]) -> Owner | None:
        """Whose pod it is."""
        found = [selector for item in labels.items() for selector in self._by_label.get((namespace, *item), ())]
        return _first(found, labels) if found else None


def overlap_faults(services: Iterable[DisaggregatedService]) -> Iterator[tuple[ServiceKey, Fault]]:
    """Pools that would take in every pod of another service's pool, each with the service at fault.

    Of two pools with the same labels, the one that comes later by name is at fault. Where neither service is placed
    (affinity none), nobody acts on whose pod it is, and there is no fault.
    """
    selectors = [selector for service in services for selector in _selectors(service)]
    holders: dict[tuple[str, str, str], list[_Selector]] = defaultdict(list)
    for selector in selectors:
        for item in selector.labels:
            holders[selector.service.key.namespace, *item].append(selector)
    for selector in sorted(selectors, key=lambda one: one.order[1:]):
        namespace = selector.service.key.namespace
        near = min((holders[namespace, *item] for item in selector.labels), key=len)
        taken = min(
            (other for other in near if _takes_all_of(selector, other)), key=lambda o: o.order[1:], default=None
        )
        if taken is not None:
            yield selector.service.key, _overlap(selector, taken)


def _selectors(service: DisaggregatedService) -> Iterator[_Selector]:
    for role in ROLES:
        yield _Selector(tuple(sorted(pod_labels(service, role).items())), service, role)


def _by_rarest_label(services: Iterable[DisaggregatedService]) -> dict[tuple[str, str, str], list[_Selector]]:
    selectors = [selector for service in services for selector in _selectors(service)]
    uses: dict[tuple[str, str, str], int] = defaultdict(int)
    for selector in selectors:
        for item in selector.labels:
            uses[selector.service.key.namespace, *item] += 1
    found: dict[tuple[str, str, str], list[_Selector]] = defaultdict(list)
    for selector in selectors:
        keys = [(selector.service.key.namespace, *item) for item in selector.labels]
        found[min(keys, key=lambda key: (uses[key], key))].append(selector)
    return found


def _first(selectors: Iterable[_Selector], labels: Mapping[str, str]) -> Owner | None:
    taking = min((one for one in selectors if one.takes(labels)), key=lambda one: one.order, default=None)
    if taking is None:
        return None
    components = taking.service.spec.roles.of(taking.role).components
    written = labels.get(COMPONENT_LABEL, "")
    return taking.service, taking.role, written if any(written == one.name for one in components) else ""


def _takes_all_of(selector: _Selector, other: _Selector) -> bool:
    if other.service.key == selector.service.key or not set(selector.labels) <= set(other.labels):
        return False
    if not (_is_placed(selector.service) or _is_placed(other.service)):
        return False
    return selector.labels != other.labels or other.service.key < selector.service.key


def _is_placed(service: DisaggregatedService) -> bool:
    return service.spec.placement.affinity is not Affinity.NONE


def _overlap(selector: _Selector, other: _Selector) -> Fault:
    own = f"{SERVICE_LABEL}: {selector.service.key.name}"
    return Fault(
        path=f"spec.roles.{selector.role}.podLabels",
        wrong=f"match the {other.role} pods of {other.service.key} too",
        right=f"add a label that only this service's pods have, for instance {own}",
    )
