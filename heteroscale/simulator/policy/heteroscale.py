"""Ours: the shipped coordinator, imported and not copied, on the observations that a real source would have made.

What is tuned are fields of the service; `variant` is the service that is run, ready to be written into a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from disaggregated_service.core.decision import Decision, Scale
from disaggregated_service.core.load_spec import RoleLoad
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import FixedRatio, MeasuredRatio
from disaggregated_service.core.service import DisaggregatedService, Mode
from heteroscale.coordinator.placement import grant_everything
from heteroscale.coordinator.tick import State, started_with, tick
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.policy.policy import Hands, Plant, target_tps
from heteroscale.simulator.signals_seen import Seen

WIDE = 4
"""How far the measured band of a service that is written as fixed reaches to either side of its ratio."""

RATIO_PARTS_MAX = 12
"""A ratio derived from the load is rounded to parts no larger, so that it has whole pairs of every size."""

_EVEN = FixedRatio(prefill=1, decode=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeteroscaleSettings:
    """0 (or empty) leaves the service's own value. target_frac: of capacity. ratio, min, max: `P:D`."""

    target_frac: float = 0.0
    scale_out_above: float = 0.0
    scale_in_below: float = 0.0
    cooldown_out_s: float = -1.0
    cooldown_in_s: float = -1.0
    damping_in: float = 0.0
    interval_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedSettings(HeteroscaleSettings):
    """Of the fixed mode."""

    ratio: str = ""
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.ratio:
            _fraction(self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSettings(HeteroscaleSettings):
    """Of the measured mode."""

    min: str = ""
    max: str = ""

    def __post_init__(self) -> None:
        for text in filter(None, (self.min, self.max)):
            _fraction(text)


class Heteroscale:
    """One service in the coordinator, and nothing around it but time."""

    hands = Hands.SCALER
    looks = False

    def __init__(self, settings: FixedSettings | MeasuredSettings, plant: Plant) -> None:
        self.service = variant(plant.service, settings, plant.requests)
        self._observe = plant.observe
        self._state: State = started_with(plant.start)
        self._sequence = 0
        self.decision: Decision | None = None
        self.every_s = settings.interval_s
        self.reason = ""

    def wish(self, seen: Seen, now_s: float) -> Pair:
        observation = self._observe(now_s)
        if observation is None:
            return seen.wanted
        key = self.service.key
        result = tick(
            [self.service],
            {key: observation},
            {key: self._state},
            now_s=now_s,
            sequence=self._sequence,
            place=grant_everything,
        )
        for error in result.failures.values():
            raise error
        outcome = result.outcomes[key]
        self._state, self._sequence, self.decision = outcome.state, result.sequence, outcome.decision
        if outcome.decision is None:
            return seen.wanted
        self.reason = _words(outcome.decision)
        return outcome.decision.published or outcome.decision.granted


def variant(
    service: DisaggregatedService, settings: FixedSettings | MeasuredSettings, requests: Requests
) -> DisaggregatedService:
    """The service with the settings in it, active, and in the mode of the settings' kind.

    A measured service gets the fixed ratio that the run's whole load asks for (what the paper's pressure test gives), a
    fixed one a measured band around its ratio.
    """
    spec = service.spec
    load = replace(
        spec.load,
        prefill=_role_load(spec.load.prefill, settings.target_frac),
        decode=_role_load(spec.load.decode, settings.target_frac),
        scale_out_above=settings.scale_out_above or spec.load.scale_out_above,
        scale_in_below=settings.scale_in_below or spec.load.scale_in_below,
        cooldown=replace(
            spec.load.cooldown,
            out_s=settings.cooldown_out_s if settings.cooldown_out_s >= 0 else spec.load.cooldown.out_s,
            in_s=settings.cooldown_in_s if settings.cooldown_in_s >= 0 else spec.load.cooldown.in_s,
        ),
    )
    damping = replace(spec.damping, in_=settings.damping_in or spec.damping.in_)
    tuned = replace(service, spec=replace(spec, mode=Mode.ACTIVE, load=load, damping=damping))
    ratio: FixedRatio | MeasuredRatio
    match settings:
        case FixedSettings():
            ratio = fixed_ratio(tuned, settings, requests)
        case MeasuredSettings():
            ratio = measured_ratio(tuned, settings)
        case _ as never:
            assert_never(never)
    return replace(tuned, spec=replace(tuned.spec, ratio=ratio))


def fixed_ratio(service: DisaggregatedService, settings: FixedSettings, requests: Requests) -> FixedRatio:
    """As set, as written in the service, or as the whole load asks for. Raises ValueError for a ratio that is none."""
    own = service.spec.ratio
    tolerance = settings.tolerance or (own.tolerance if isinstance(own, FixedRatio) else _EVEN.tolerance)
    if settings.ratio:
        parts = _fraction(settings.ratio)
    elif isinstance(own, FixedRatio):
        return replace(own, tolerance=tolerance)
    else:
        needs = {
            Role.PREFILL: float(requests.prompt_tokens.sum()) / target_tps(service, Role.PREFILL),
            Role.DECODE: float(requests.output_tokens.sum()) / target_tps(service, Role.DECODE),
        }
        parts = Fraction(needs[Role.PREFILL] / needs[Role.DECODE]).limit_denominator(RATIO_PARTS_MAX)
        parts = max(parts, Fraction(1, RATIO_PARTS_MAX))
    return FixedRatio(prefill=parts.numerator, decode=parts.denominator, tolerance=tolerance)


def measured_ratio(service: DisaggregatedService, settings: MeasuredSettings) -> MeasuredRatio:
    """As set, as written in the service, or a wide band around its fixed ratio."""
    low, high = _ends(service.spec.ratio)
    return MeasuredRatio(min=settings.min or low, max=settings.max or high)


def first_pair(service: DisaggregatedService, needs: Pair) -> Pair:
    """The smallest pair within bounds and band that has at least `needs`; `needs` within bounds where there is none."""
    spec, band = service.spec, service.spec.ratio.band
    least = Pair(*(max(needs.of(role), spec.minima.of(role)) for role in ROLES))
    sizes = [
        (spec.roles.gpus(prefill, decode), prefill, decode)
        for prefill in range(least.prefill, spec.maxima.prefill + 1)
        for decode in range(least.decode, spec.maxima.decode + 1)
        if band.contains(Pair(prefill, decode))
    ]
    if not sizes:
        return Pair(*(min(least.of(role), spec.maxima.of(role)) for role in ROLES))
    return Pair(*min(sizes)[1:])


def _role_load(load: RoleLoad | None, target_frac: float) -> RoleLoad | None:
    if load is None or not target_frac:
        return load
    capacity = load.capacity_per_replica or load.target / 0.6
    return replace(load, target_per_replica=target_frac * capacity)


def _ends(ratio: FixedRatio | MeasuredRatio) -> tuple[str, str]:
    match ratio:
        case MeasuredRatio():
            return ratio.min, ratio.max
        case FixedRatio():
            return f"{ratio.prefill}:{ratio.decode * WIDE}", f"{ratio.prefill * WIDE}:{ratio.decode}"


def _fraction(text: str) -> Fraction:
    prefill, colon, decode = text.partition(":")
    if not (colon and prefill.isdigit() and decode.isdigit() and int(prefill) and int(decode)):
        raise ValueError(f"{text!r} is not P:D, for instance 1:3")
    return Fraction(int(prefill), int(decode))


def _words(decision: Decision) -> str:
    reason = decision.verdict.reason.value
    if isinstance(decision.verdict, Scale):
        return f"{decision.in_force} -> {decision.granted} ({reason})"
    return f"holds {decision.granted} ({reason})"
