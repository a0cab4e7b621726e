"""A model of the kube-scheduler under the shipped profile: filters, MostAllocated, preferred node affinity, one GPU kind.

Written from the scheduler's documentation and nothing of ours, so that a rule we got wrong is wrong here only.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GPU = "nvidia.com/gpu"
FIT_WEIGHT = 10
AFFINITY_WEIGHT = 5


@dataclass
class SimNode:
    name: str
    labels: Mapping[str, str]
    gpus: int
    used: int = 0


@dataclass
class Scheduler:
    """Binds one pod at a time to the node with the best score; equal scores are drawn."""

    nodes: Sequence[SimNode]
    generator: random.Random
    bound: dict[str, str] = field(default_factory=dict)

    def bind(self, name: str, pod: Mapping[str, Any]) -> SimNode | None:
        """The node, or None where no node passes the filters."""
        wanted = sum(int(each["resources"]["limits"][GPU]) for each in pod["spec"]["containers"])
        passing = [node for node in self.nodes if node.used + wanted <= node.gpus and allowed(pod["spec"], node.labels)]
        if not passing:
            return None
        preference = preferences(pod["spec"], passing)
        scores = [
            FIT_WEIGHT * (100 * (node.used + wanted) // node.gpus) + AFFINITY_WEIGHT * preference[node.name]
            for node in passing
        ]
        best = self.generator.choice(
            [node for node, score in zip(passing, scores, strict=True) if score == max(scores)]
        )
        best.used += wanted
        self.bound[name] = best.name
        return best


def allowed(spec: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """nodeSelector AND (OR over terms (AND of expressions)); a term without any matches nothing."""
    if any(labels.get(key) != value for key, value in spec.get("nodeSelector", {}).items()):
        return False
    required = _node_affinity(spec).get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(matches(term, labels) for term in required["nodeSelectorTerms"])


def preferences(spec: Mapping[str, Any], nodes: Sequence[SimNode]) -> dict[str, int]:
    """The sum of the weights of matching terms, normalised to 0..100 by the largest."""
    terms = _node_affinity(spec).get("preferredDuringSchedulingIgnoredDuringExecution", [])
    sums = {
        node.name: sum(term["weight"] for term in terms if matches(term["preference"], node.labels)) for node in nodes
    }
    most = max(sums.values())
    return {name: 100 * value // most if most else 0 for name, value in sums.items()}


def matches(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    expressions = term.get("matchExpressions") or []
    return bool(expressions) and all(_holds(each, labels) for each in expressions)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case other:
            raise AssertionError(f"{other} is not used here")


def _node_affinity(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = spec.get("affinity", {}).get("nodeAffinity", {})
    return found
