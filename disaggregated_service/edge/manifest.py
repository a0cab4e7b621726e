"""One object, as plain data, to a DisaggregatedService or a TopologyProfile: from a file, or from the API server in
the same words.

This file must never know where the data came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from disaggregated_service.core.fault import Fault, child
from disaggregated_service.core.override import Override
from disaggregated_service.core.pair import ROLES, ServiceKey
from disaggregated_service.core.profile_faults import read_profile
from disaggregated_service.core.role_spec import PROFILE_NAME
from disaggregated_service.core.scalar import meant, shown
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from disaggregated_service.core.topology_profile import TopologyProfile, resolved
from disaggregated_service.core.validate import read_spec
from disaggregated_service.edge.annotation import overrides_in
from disaggregated_service.edge.time_zone import offsets_min

GROUP = "heteroscale.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "DisaggregatedService"
PROFILE_KIND = "TopologyProfile"

NAME_LENGTH_MAX = 52
"""Derived names (`NAME-prefill`, a component's) have to stay within the 63 characters of a label's value."""

DERIVED_LENGTH_MAX = 63

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_KNOWN_KEYS = ("apiVersion", "kind", "metadata", "spec", "status")


@dataclass(frozen=True, slots=True)
class Found:
    """`key`: whose object it is, where that can be read. `service`: only without faults."""

    key: ServiceKey | None
    service: DisaggregatedService | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class ProfileFound:
    """`name`: where that can be read. `profile`: only without faults, its preset merged in."""

    name: str | None
    profile: TopologyProfile | None
    faults: tuple[Fault, ...]


def is_ours(data: Mapping[str, object]) -> bool:
    """Whether an object claims to be a service: by its kind, or by a kind of our group that does not exist."""
    api_version, kind = data.get("apiVersion"), data.get("kind")
    ours = isinstance(api_version, str) and api_version.split("/")[0] == GROUP
    return kind == KIND or (ours and kind != PROFILE_KIND)


def is_profile(data: Mapping[str, object]) -> bool:
    """Whether an object claims to be a topology profile."""
    return data.get("kind") == PROFILE_KIND


def profile_in(data: Mapping[str, object]) -> ProfileFound:
    """Reads one object for which `is_profile` holds."""
    faults = [*_type_faults(data, PROFILE_KIND), *_unknown(data)]
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict):
        faults.append(Fault(path="metadata", wrong=f"is {shown(metadata)}", right="write {name: ...}"))
    elif not isinstance(name, str) or not re.fullmatch(PROFILE_NAME.regex, name) or len(name) > PROFILE_NAME.max_length:
        wrong = "is missing" if name is None else f"is {shown(name)}"
        right = "write lower-case letters, digits, dashes and dots, for instance our-fabric"
        faults.append(Fault(path="metadata.name", wrong=wrong, right=right))
        name = None
    spec, spec_faults = read_profile(data.get("spec"))
    faults += spec_faults
    if faults or spec is None or name is None:
        return ProfileFound(name, None, tuple(faults))
    return ProfileFound(name, resolved(name, spec), ())


def service_in(data: Mapping[str, object]) -> Found:
    """Reads one object for which `is_ours` holds; `status` is not looked at."""
    faults = [*_type_faults(data, KIND), *_unknown(data)]
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        faults.append(Fault(path="metadata", wrong=f"is {shown(metadata)}", right="write {name: ..., namespace: ...}"))
        metadata = None
    key = _key(metadata, faults) if metadata is not None else None
    overrides, annotation_faults = _overrides(metadata or {})
    spec, spec_faults = read_spec(data.get("spec"), offsets_min)
    faults += [*annotation_faults, *spec_faults]
    if key is not None and spec is not None:
        faults += _long_names(key, spec)
    if faults or key is None or spec is None:
        return Found(key, None, tuple(faults))
    generation = (metadata or {}).get("generation")
    service = DisaggregatedService(
        key=key,
        spec=spec,
        overrides=overrides,
        generation=generation if isinstance(generation, int) else 0,
    )
    return Found(key, service, ())


def _type_faults(data: Mapping[str, object], kind: str) -> list[Fault]:
    faults = []
    if data.get("kind") != kind:
        near = meant(str(data.get("kind")), (KIND, PROFILE_KIND))
        right = f'did you mean "{near}"?' if near else f"write {kind}"
        faults.append(Fault(path="kind", wrong=f"is {shown(data.get('kind'))}", right=right))
    if data.get("apiVersion") != API_VERSION:
        wrong = f"is {shown(data.get('apiVersion'))}"
        faults.append(Fault(path="apiVersion", wrong=wrong, right=f"write {API_VERSION}"))
    return faults


def _unknown(data: Mapping[str, object]) -> list[Fault]:
    found = []
    for key in data:
        if key not in _KNOWN_KEYS:
            near = meant(key, _KNOWN_KEYS)
            right = f'did you mean "{near}"?' if near else f"known here: {', '.join(_KNOWN_KEYS)}"
            found.append(Fault(path=child("", key), wrong="is not a known key", right=right))
    return found


def _key(metadata: Mapping[str, object], faults: list[Fault]) -> ServiceKey | None:
    name, namespace = metadata.get("name"), metadata.get("namespace", "default")
    bad = False
    for field, value, most in (("name", name, NAME_LENGTH_MAX), ("namespace", namespace, 63)):
        if value is None:
            faults.append(Fault(path=f"metadata.{field}", wrong="is missing", right="write it, for instance chat-70b"))
        elif not isinstance(value, str) or len(value) > most or not _DNS_LABEL.fullmatch(value):
            right = f"write at most {most} lower-case letters, digits and dashes, for instance chat-70b"
            faults.append(Fault(path=f"metadata.{field}", wrong=f"is {shown(value)}", right=right))
        else:
            continue
        bad = True
    return None if bad else ServiceKey(str(namespace), str(name))


def _long_names(key: ServiceKey, spec: ServiceSpec) -> Iterator[Fault]:
    """A component's ScaledObject is named after service, role and component, and its name is a label's value too."""
    for role in ROLES:
        for index, component in enumerate(spec.roles.of(role).components):
            over = len(f"{key.name}-{role}-{component.name}") - DERIVED_LENGTH_MAX
            if over > 0:
                wrong = f"{key.name}-{role}-{component.name} has more than {DERIVED_LENGTH_MAX} characters"
                right = f"shorten it, or the service's name, by {over}"
                yield Fault(path=f"spec.roles.{role}.components[{index}].name", wrong=wrong, right=right)


def _overrides(metadata: Mapping[str, object]) -> tuple[tuple[Override, ...], tuple[Fault, ...]]:
    annotations = metadata.get("annotations")
    if annotations is None:
        return (), ()
    if not isinstance(annotations, dict):
        wrong = f"is {shown(annotations)}, not a mapping"
        return (), (Fault(path="metadata.annotations", wrong=wrong, right="write a mapping: {key: text}"),)
    return overrides_in(annotations, "metadata.annotations")
