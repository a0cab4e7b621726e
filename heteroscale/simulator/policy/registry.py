"""All policies by name, their settings, and how both are written on a command line: `NAME:key=value,key=value`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from disaggregated_service.core.scalar import meant
from heteroscale.simulator.policy.dynamo import Dynamo, DynamoSettings
from heteroscale.simulator.policy.heteroscale import FixedSettings, Heteroscale, MeasuredSettings
from heteroscale.simulator.policy.hpa_utilisation import HpaUtilisation, UtilisationSettings
from heteroscale.simulator.policy.independent_tps import IndependentTps, IndependentTpsSettings
from heteroscale.simulator.policy.keda_queue_kv import KedaQueueKv, QueueKvSettings
from heteroscale.simulator.policy.kthena_band import KthenaBand, KthenaSettings
from heteroscale.simulator.policy.latency_only import LatencyOnly, LatencyOnlySettings
from heteroscale.simulator.policy.oracle import Oracle, OracleSettings
from heteroscale.simulator.policy.policy import Plant, Policy
from heteroscale.simulator.policy.scheduled import Scheduled, ScheduledSettings
from heteroscale.simulator.policy.static import Static, StaticP95Settings, StaticSettings

ORACLE = "oracle"

ABOVE_ZERO = frozenset(
    {
        "interval_s", "period_s", "bin_s", "demand_factor", "percentile", "kv_usage", "queue", "prefill_target_frac",
        "decode_target_frac", "panic_frac", "attained_frac", "calm_frac",
    }
)  # fmt: skip
"""Settings that nothing can be divided by, or repeated in, when they are 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a name stands for. foresees: it made its plan before the run, from the run's own load.

    deployable: whether somebody without a crystal ball could run it; an operator does know his peak and his day.
    """

    settings: Any
    build: Callable[[Any, Plant], Policy]
    foresees: bool = False
    deployable: bool = True


KINDS: Mapping[str, Kind] = {
    "heteroscale-measured": Kind(settings=MeasuredSettings(), build=Heteroscale),
    "heteroscale-fixed": Kind(settings=FixedSettings(), build=Heteroscale),
    "static-peak": Kind(settings=StaticSettings(), build=Static, foresees=True),
    "static-p95": Kind(settings=StaticP95Settings(), build=Static, foresees=True),
    "hpa-utilisation": Kind(settings=UtilisationSettings(), build=HpaUtilisation),
    "keda-queue-kv": Kind(settings=QueueKvSettings(), build=KedaQueueKv),
    "independent-tps": Kind(settings=IndependentTpsSettings(), build=IndependentTps),
    "kthena-band": Kind(settings=KthenaSettings(), build=KthenaBand),
    "dynamo": Kind(settings=DynamoSettings(), build=Dynamo),
    "latency-only": Kind(settings=LatencyOnlySettings(), build=LatencyOnly),
    "scheduled": Kind(settings=ScheduledSettings(), build=Scheduled, foresees=True),
    ORACLE: Kind(settings=OracleSettings(), build=Oracle, foresees=True, deployable=False),
}
NAMES = tuple(KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One policy with its settings: a plain value that crosses processes and can be hashed."""

    name: str
    settings: Any

    @property
    def label(self) -> str:
        """As it would be written on the command line: the name, and what differs from the defaults."""
        default = KINDS[self.name].settings
        changed = [
            f"{one.name}={_text(getattr(self.settings, one.name))}"
            for one in fields(default)
            if getattr(self.settings, one.name) != getattr(default, one.name)
        ]
        return f"{self.name}:{','.join(changed)}" if changed else self.name

    def build(self, plant: Plant) -> Policy:
        """The policy of one run. Raises ValueError for settings that it cannot use."""
        return KINDS[self.name].build(self.settings, plant)


def default_choice(name: str) -> Choice:
    """The policy with the settings of its source."""
    return Choice(name=name, settings=KINDS[name].settings)


def parse_choice(text: str) -> Choice:
    """`NAME` or `NAME:key=value,...`. Raises ValueError that says what was meant or what there is."""
    name, _, rest = text.partition(":")
    if name not in KINDS:
        like = meant(name, set(NAMES))
        hint = f"did you mean {like}? " if like else ""
        raise ValueError(f"{name!r} is no policy; {hint}there are: {', '.join(NAMES)}")
    settings = KINDS[name].settings
    for item in filter(None, rest.split(",")):
        key, equals, value = item.partition("=")
        names = {one.name for one in fields(settings)}
        if not equals or key not in names:
            like = meant(key, names)
            hint = f"did you mean {like}? " if like else ""
            raise ValueError(f"{name} has no setting {key!r}; {hint}it has: {', '.join(sorted(names))}")
        settings = replace(settings, **{key: _converted(name, key, value, getattr(settings, key))})
    return Choice(name=name, settings=settings)


def _converted(name: str, key: str, text: str, now: object) -> object:
    if isinstance(now, str):
        return text
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name}:{key}={text}: not a number") from None
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name}:{key}={text}: must be finite and not negative")
    if not value and key in ABOVE_ZERO:
        raise ValueError(f"{name}:{key}={text}: must be above 0")
    return value


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
