"""The paper's Algorithm 1: candidates in, the best of them out, by an objective that the operator states.

    min gpu_hours where slo_attainment_frac >= 0.99 and ttft_ms_p99 <= 2000

A condition holds where the mean over the seeds meets it. Candidates are the deployable policies with a few settings
each, around those of their sources, so that nobody loses for want of tuning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from disaggregated_service.core.scalar import meant
from heteroscale.simulator.interval import Interval
from heteroscale.simulator.measure import FIGURES
from heteroscale.simulator.policy.registry import KINDS, Choice, parse_choice

EXAMPLE = "min gpu_hours where slo_attainment_frac >= 0.99"

_OBJECTIVE = re.compile(r"\s*(min|max)\s+(\w+)(?:\s+where\s+(.+?))?\s*")
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=)\s*([0-9.eE+-]+)\s*")

_FRACS = ("0.7", "0.8", "0.9")
_OURS = (
    "target_frac=0.7",
    "target_frac=0.8",
    "target_frac=0.7,cooldown_in_s=300,damping_in=1",
    "target_frac=0.8,cooldown_in_s=300,damping_in=1",
    "target_frac=0.85,cooldown_in_s=300,damping_in=1",
)
"""Above 0.86 a target times `scaleOutAbove` comes so near to capacity that the service is refused."""

_TRIED: Mapping[str, tuple[str, ...]] = {
    "heteroscale-measured": _OURS,
    "heteroscale-fixed": _OURS,
    "static-peak": tuple(f"target_frac={frac}" for frac in _FRACS),
    "static-p95": tuple(f"target_frac={frac}" for frac in _FRACS),
    "hpa-utilisation": ("prefill_target_frac=0.5", "prefill_target_frac=0.5,decode_target_frac=0.4,signal=sm"),
    "keda-queue-kv": ("kv_usage=0.5", "kv_usage=0.5,queue=1", "kv_usage=0.3,queue=0.5"),
    "independent-tps": tuple(f"target_frac={frac}" for frac in _FRACS),
    "kthena-band": tuple(f"target_frac={frac}" for frac in _FRACS),
    "dynamo": ("demand_factor=1.3", "demand_factor=1.6", "interval_s=60,demand_factor=1.6"),
    "latency-only": ("calm_frac=0.7", "calm_frac=0.5"),
    "scheduled": tuple(f"target_frac={frac}" for frac in _FRACS),
}
"""Settings that are tried beside the defaults."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A bound on one figure."""

    figure: str
    at_least: bool
    bound: float

    def holds(self, row: Mapping[str, Interval]) -> bool:
        mean = row[self.figure].mean
        return mean >= self.bound if self.at_least else mean <= self.bound

    def shortfall(self, row: Mapping[str, Interval]) -> float:
        """How far the figure is from its bound, in units of the bound; 0 where it holds."""
        if self.holds(row):
            return 0.0
        return abs(row[self.figure].mean - self.bound) / (abs(self.bound) or 1.0)


@dataclass(frozen=True, slots=True)
class Objective:
    """What is to be small or large, and what must hold."""

    figure: str
    smallest: bool
    conditions: tuple[Condition, ...]

    def ranked(self, table: Mapping[str, Mapping[str, Interval]]) -> list[str]:
        """Labels, the best first: those that meet every condition by the figure, then the others by how far they are

        off; equal ones by name.
        """

        def rank(label: str) -> tuple[float, float, str]:
            row = table[label]
            value = row[self.figure].mean
            return sum(one.shortfall(row) for one in self.conditions), value if self.smallest else -value, label

        return sorted(table, key=rank)

    def met_by(self, row: Mapping[str, Interval]) -> bool:
        return all(condition.holds(row) for condition in self.conditions)


def parse_objective(text: str) -> Objective:
    """Raises ValueError that says which part is wrong, and what would be right."""
    match = _OBJECTIVE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no objective; write for instance: {EXAMPLE}")
    conditions = [] if match[3] is None else re.split(r"\s+and\s+", match[3])
    return Objective(_figure(match[2]), match[1] == "min", tuple(_condition(one) for one in conditions))


def candidates(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Each deployable one as given and, where it was given with its defaults, with the settings that are tried too."""
    found: list[Choice] = []
    for choice in choices:
        if not KINDS[choice.name].deployable:
            continue
        found.append(choice)
        if choice.label == choice.name:
            found += [parse_choice(f"{choice.name}:{settings}") for settings in _TRIED.get(choice.name, ())]
    return tuple(dict.fromkeys(found))


def _condition(text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text.strip()!r} is no condition; write FIGURE >= NUMBER or FIGURE <= NUMBER")
    try:
        bound = float(match[3])
    except ValueError:
        raise ValueError(f"{match[3]!r} in {text.strip()!r} is not a number") from None
    return Condition(_figure(match[1]), match[2] == ">=", bound)


def _figure(name: str) -> str:
    if name in FIGURES:
        return name
    like = meant(name, FIGURES)
    hint = f"did you mean {like}? " if like else ""
    raise ValueError(f"{name!r} is no figure; {hint}there are: {', '.join(FIGURES)}")
