"""What a role is made of: its scale target, its bounds and the GPUs of one replica."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from disaggregated_service.core.pair import Role
from disaggregated_service.core.schema import Bounds, Doc, MaxItems, Pattern

DNS_LABEL = Pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", "chat-70b-prefill", max_length=63)
GPU_CLASS = Pattern(DNS_LABEL.regex, "h100", max_length=63)
LABEL_VALUE = Pattern(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", "chat-70b", max_length=63)
DNS_SUBDOMAIN = Pattern(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "chat-70b-prefill")
PROFILE_NAME = Pattern(DNS_SUBDOMAIN.regex, "topograph-v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleTarget:
    """The object whose `/scale` KEDA drives."""

    api_version: Annotated[str, Pattern(r"([a-z0-9.-]+/)?v[0-9a-z]+", "apps/v1"), Doc("API group and version.")] = (
        "apps/v1"
    )
    kind: Annotated[str, Pattern(r"[A-Z][A-Za-z0-9]*", "Deployment", 63), Doc("Anything with a scale subresource.")] = (
        "Deployment"
    )
    name: Annotated[str, DNS_SUBDOMAIN, Doc("Name of the object, in the service's namespace.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of a replica in disaggregated MoE serving, for instance attention or feed-forward."""

    name: Annotated[str, DNS_LABEL, Doc("Name of the component within its role.")]
    count: Annotated[int, Bounds(1, 1024), Doc("Instances of it in one replica of the role.")]
    target: Annotated[ScaleTarget, Doc("The component's own scale target.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpec:
    """One pool: its scale target, its bounds and what one replica uses."""

    target: Annotated[ScaleTarget, Doc("The object that owns this pool's pods.")]
    pod_labels: Annotated[
        Mapping[str, str],
        MaxItems(16),
        LABEL_VALUE,
        Doc("Labels that tell this pool's pods. Default: heteroscale.dev/service and heteroscale.dev/role."),
    ] = field(default_factory=dict)
    min_replicas: Annotated[int, Bounds(0, 10_000), Doc("Lower bound. 0 (joint zero) is not accepted yet.")] = 1
    max_replicas: Annotated[int, Bounds(1, 10_000), Doc("Upper bound.")]
    gpus_per_replica: Annotated[int, Bounds(1, 4096), Doc("GPUs that one replica uses, over all its nodes.")]
    nodes_per_replica: Annotated[int, Bounds(1, 512), Doc("More than one: whole nodes under one S1 switch.")] = 1
    gpu_classes: Annotated[tuple[str, ...], MaxItems(16), GPU_CLASS, Doc("GPU classes in order of preference.")] = ()
    components: Annotated[
        tuple[Component, ...],
        MaxItems(8),
        Doc("Parts of a replica, each with its own scale target and a strict count per replica."),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Both pools of the service."""

    prefill: Annotated[RoleSpec, Doc("The pool that reads prompts.")]
    decode: Annotated[RoleSpec, Doc("The pool that writes answers.")]

    def of(self, role: Role) -> RoleSpec:
        return self.prefill if role is Role.PREFILL else self.decode

    def gpus(self, prefill: int, decode: int) -> int:
        """GPUs used by a pair of counts."""
        return prefill * self.prefill.gpus_per_replica + decode * self.decode.gpus_per_replica
