"""Two pools that cannot be told apart, or labels that would orphan pods. It must never ask a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core.fault import Fault, child
from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import ServiceSpec

SERVING_LABEL = "heteroscale.dev/serving"


def target_faults(spec: ServiceSpec) -> Iterator[Fault]:
    prefill, decode = spec.roles.prefill, spec.roles.decode
    if prefill.target == decode.target:
        yield Fault(
            path="spec.roles.decode.target",
            wrong=f"is the target of prefill too ({decode.target.kind} {decode.target.name})",
            right="name another object: each pool needs a scale of its own",
        )
    if prefill.pod_labels and decode.pod_labels:
        yield from _ambiguous_labels(spec)
    for role in Role:
        if SERVING_LABEL in spec.roles.of(role).pod_labels:
            yield Fault(
                path=child(f"spec.roles.{role}.podLabels", SERVING_LABEL),
                wrong="is taken away from a pod that is withdrawn, so a selector with it would orphan the pod",
                right="remove it here and from the target's selector; it belongs in the pod template only",
            )


def _ambiguous_labels(spec: ServiceSpec) -> Iterator[Fault]:
    for role in Role:
        own, others = spec.roles.of(role).pod_labels, spec.roles.of(role.other).pod_labels
        if own.items() <= others.items():
            yield Fault(
                path=f"spec.roles.{role}.podLabels",
                wrong=f"match the pods of {role.other} too",
                right="add a label that only this pool's pods have, for instance llm-d.ai/role: " + role.value,
            )
            return  # identical labels are one fault, not two
