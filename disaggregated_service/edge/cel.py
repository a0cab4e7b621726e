"""The faults that CEL can see, as rules for the API server, in the words of the faults.

What it cannot (search for pairs, time zones, overlapping entries) is found by the program itself. A rule
may rely on defaults, which the API server fills in first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from disaggregated_service.core.load_faults import SATURATION_FRAC
from disaggregated_service.core.load_spec import TARGET_OF_CAPACITY_FRAC, LoadSpec, RoleLoad
from disaggregated_service.core.placement_spec import PlacementSpec
from disaggregated_service.core.ratio import MeasuredRatio
from disaggregated_service.core.role_spec import Roles, RoleSpec
from disaggregated_service.core.schedule_spec import ScheduleEntry
from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.signals_spec import SignalsSpec
from disaggregated_service.core.target_faults import SERVING_LABEL
from disaggregated_service.core.topology_profile import GpuClass, TopologyProfileSpec
from disaggregated_service.edge.manifest import NAME_LENGTH_MAX


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression over `self` that holds for what is right, and the message where it does not."""

    cel: str
    message: str


RulesOf = Callable[[type[Any]], tuple[Rule, ...]]


def rules_of(kind: type[Any]) -> tuple[Rule, ...]:
    """The rules of a record's type."""
    return _RULES.get(kind, ())


def NO_RULES(kind: type[Any]) -> tuple[Rule, ...]:  # noqa: N802, ARG001 - stands for a table without rules
    """No rules for any type."""
    return ()


NAME_RULES = (
    Rule(
        f"size(self.metadata.name) <= {NAME_LENGTH_MAX} && "
        "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
        f"metadata.name: write at most {NAME_LENGTH_MAX} lower-case letters, digits and dashes",
    ),
)


def _saturates(role: str) -> Rule:
    load = f"self.{role}"
    target = (
        f"(has({load}.targetPerReplica) ? {load}.targetPerReplica : "
        f"{TARGET_OF_CAPACITY_FRAC} * {load}.capacityPerReplica)"
    )
    return Rule(
        f"!has({load}) || !has({load}.capacityPerReplica) || "
        f"{target} > {load}.capacityPerReplica || "
        f"{target} * self.scaleOutAbove < {SATURATION_FRAC} * {load}.capacityPerReplica",
        f"{role}: targetPerReplica * scaleOutAbove is not below {SATURATION_FRAC} of capacityPerReplica: "
        "the signal saturates before it can ask for more",
    )


def _metric(role: str, metric: str) -> Rule:
    return Rule(f"!has(self.{role}) || self.{role}.metric == '{metric}'", f"{role}.metric: write {metric}")


_WHOLE = "int(self.{end}.split(':')[{index}])"
_RATIO_ORDER = " * ".join((_WHOLE.format(end="min", index=0), _WHOLE.format(end="max", index=1)))
_RATIO_OTHER = " * ".join((_WHOLE.format(end="max", index=0), _WHOLE.format(end="min", index=1)))

_RULES: Mapping[type[Any], tuple[Rule, ...]] = {
    RoleSpec: (
        Rule("self.minReplicas >= 1", "minReplicas is 0; not yet: joint zero comes with a wake signal"),
        Rule("self.minReplicas <= self.maxReplicas", "minReplicas is above maxReplicas"),
        Rule(
            f"!('{SERVING_LABEL}' in self.podLabels)",
            f"podLabels: {SERVING_LABEL} is taken away from a pod that is withdrawn; remove it here",
        ),
        Rule(
            "self.components.all(one, self.components.exists_one(other, other.name == one.name))",
            "components: give each component of a role a name of its own",
        ),
        Rule(
            "size(self.components) == 0 || self.gpusPerReplica % self.components.map(one, one.count).sum() == 0",
            "gpusPerReplica is not divisible by the instances of its components",
        ),
    ),
    Roles: (
        Rule(
            "self.prefill.target.name != self.decode.target.name || "
            "self.prefill.target.kind != self.decode.target.kind || "
            "self.prefill.target.apiVersion != self.decode.target.apiVersion",
            "decode.target is the target of prefill too; each pool needs a scale of its own",
        ),
        Rule(
            "size(self.prefill.podLabels) == 0 || self.prefill.podLabels != self.decode.podLabels",
            "podLabels match the pods of both roles; add a label that only one pool's pods have",
        ),
    ),
    PlacementSpec: (
        Rule(
            "self.affinity == 'none' || has(self.topologyProfile)",
            "topologyProfile is missing: any affinity but none asks for labels of nodes",
        ),
        Rule(
            "self.affinity != 'none' || (!has(self.maxTier) && self.onExhausted == 'wait' && !self.exact)",
            "maxTier, onExhausted and exact do nothing: affinity is none",
        ),
    ),
    TopologyProfileSpec: (
        Rule(
            "has(self.preset) || (has(self.levels.s1) && size(self.levels.s1) > 0) || "
            "(has(self.levels.s2) && size(self.levels.s2) > 0)",
            "has neither preset nor levels",
        ),
        Rule("has(self.preset) || size(self.gpuClasses) > 0", "gpuClasses: without a preset no node has a GPU class"),
    ),
    GpuClass: (Rule("size(self.match) > 0", "match has no pattern, so that no node has the class"),),
    MeasuredRatio: (Rule(f"!has(self.min) || !has(self.max) || {_RATIO_ORDER} <= {_RATIO_OTHER}", "min is above max"),),
    RoleLoad: (
        Rule(
            "has(self.targetPerReplica) || has(self.capacityPerReplica)",
            "has neither targetPerReplica nor capacityPerReplica; write one of them",
        ),
        Rule(
            "!has(self.targetPerReplica) || !has(self.capacityPerReplica) || "
            "self.targetPerReplica <= self.capacityPerReplica",
            "capacityPerReplica is below targetPerReplica",
        ),
    ),
    LoadSpec: (
        Rule("self.scaleInBelow < 1.0", "scaleInBelow: the thresholds cross; write less than 1"),
        _metric("decode", "decodeTps"),
        _metric("prefill", "prefillTps"),
        _saturates("decode"),
        _saturates("prefill"),
    ),
    ScheduleEntry: (
        Rule(
            "has(self.minPrefill) || has(self.minDecode) || has(self.fixed) || has(self.ratio)",
            "does nothing; write minPrefill, minDecode, fixed or ratio",
        ),
        Rule(
            "!has(self.fixed) || (!has(self.minPrefill) && !has(self.minDecode))",
            "fixed stands beside a floor, but is floor and ceiling at once",
        ),
        Rule("self.from != self.to && self.from != '24:00'", "from and to: write the first minute and the one after"),
    ),
    SignalsSpec: (
        Rule(
            "self.source != 'prometheus' || (self.selectors.prefill != '' && self.selectors.decode != '')",
            "selectors are missing: with source prometheus the pools' series must be told apart",
        ),
        Rule(
            "self.source != 'scrape' || (size(self.endpoints.prefill) > 0 && size(self.endpoints.decode) > 0)",
            "endpoints are missing: with source scrape the program reads the replicas itself",
        ),
        Rule(
            "self.source != 'scrape' || size(self.queries) == 0",
            "queries are PromQL, which nobody can be asked with source scrape",
        ),
        Rule("duration(self.staleAfter) <= duration(self.window)", "staleAfter is above window"),
    ),
    ServiceSpec: (
        Rule(
            "self.ratio.mode == 'measured' ? has(self.load.prefill) && has(self.load.decode) : "
            "(self.load.driver == 'decode' ? has(self.load.decode) : has(self.load.prefill))",
            "load is missing for a role that drives the pair",
        ),
        Rule(
            "self.guards.exists(guard, guard.metric == 'ttft') || "
            "(self.ratio.mode == 'fixed' && self.load.driver == 'prefill')",
            "guards: has no ttft guard: a jammed prefill pool starves decode, which then reads as low load",
        ),
        Rule(
            "self.guards.all(guard, self.guards.exists_one(other, "
            "other.metric == guard.metric && other.percentile == guard.percentile))",
            "guards: the same metric at the same percentile a second time",
        ),
        Rule(
            "self.schedule.all(entry, self.schedule.exists_one(other, other.name == entry.name))",
            "schedule: give each entry a name of its own",
        ),
        Rule(
            "self.ratio.mode == 'fixed' || !self.schedule.exists(entry, has(entry.ratio))",
            "schedule: ratio needs a fixed ratio, but spec.ratio is measured",
        ),
        Rule(
            "!has(self.gpuBudget) || self.roles.prefill.minReplicas * self.roles.prefill.gpusPerReplica + "
            "self.roles.decode.minReplicas * self.roles.decode.gpusPerReplica <= self.gpuBudget",
            "gpuBudget is below what the minima use",
        ),
        Rule(
            "!has(self.signals) || self.signals.source != 'scrape' || "
            "(!(has(self.load.decode) && has(self.load.decode.demandMetric)) && "
            "!(has(self.load.prefill) && has(self.load.prefill.demandMetric)))",
            "load: demandMetric is PromQL, which nobody can be asked with source scrape",
        ),
    ),
}
