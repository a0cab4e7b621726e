"""What a replay was worth: GPU-hours, minutes short of replicas, minutes over a latency target, gaps. Pure.

The loop is open: the load is what the pools that really ran have carried, so what they turned away or delayed is not in
it, and a wish changes nothing. Both are said wherever these figures are shown.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.backtest.replay import Moment
from scaler.core.guard import Judged, Judgement, guard_id, judge, queue_of
from scaler.core.observation import Absent, Present, Reading, Signals, Why

NOT_OBSERVED = "a pool without a replica that was ever seen"
NO_HISTOGRAM = Absent(Why.NOT_CONFIGURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Of one pair over time. hours: with a decision; minutes_short: where a role's load is known, else left out."""

    hours: float
    gpu_hours: float
    minutes_short: Mapping[Role, float]
    moves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch without the load of a driving role, in which nothing shrinks."""

    from_unix_s: int
    until_unix_s: int
    why: str


def wished(service: DisaggregatedService, moments: Sequence[Moment], *, step_s: int, start_up_s: float) -> Worth:
    """Of the targets: billed from the wish, short until `start_up_s` after it, as starting replicas serve nobody."""
    decided = [moment for moment in moments if moment.decision is not None]
    pairs = [moment.decision.targets for moment in decided if moment.decision is not None]
    return _worth(service, decided, pairs, list(_serving(pairs, math.ceil(start_up_s / step_s))), step_s)


def ran(service: DisaggregatedService, moments: Sequence[Moment], *, step_s: int) -> Worth:
    """Of the pools that really ran, over the same ticks: billed as discovered, serving when ready."""
    decided = [moment for moment in moments if moment.decision is not None]
    seen = [moment.signals for moment in decided if moment.signals is not None]
    return _worth(
        service, decided, [signals.discovered for signals in seen], [signals.ready for signals in seen], step_s
    )


def minutes_over_slo(service: DisaggregatedService, moments: Sequence[Moment], *, step_s: int) -> Mapping[str, float]:
    """Minutes in which a guard stood at its first tier or above, by the guard's name: of what really ran."""
    return {
        guard_id(guard): sum(
            _at_risk(judge(guard, moment.signals.latencies.get(guard.metric, NO_HISTOGRAM), queue_of(moment.signals)))
            for moment in moments
            if moment.signals is not None
        )
        * step_s
        / 60
        for guard in service.spec.guards
    }


def gaps(service: DisaggregatedService, moments: Sequence[Moment], *, step_s: int) -> tuple[Gap, ...]:
    """In order; what is missing is in the words of the readings."""
    found = []
    whys = [_missing(service, moment.signals) for moment in moments]
    for missing, stretch in groupby(zip(moments, whys, strict=True), lambda one: bool(one[1])):
        ticks = list(stretch)
        if missing:
            until_unix_s = ticks[-1][0].at_unix_s + step_s
            words = "; then ".join(dict.fromkeys(why for _, why in ticks))
            found.append(Gap(from_unix_s=ticks[0][0].at_unix_s, until_unix_s=until_unix_s, why=words))
    return tuple(found)


def needed(service: DisaggregatedService, signals: Signals, role: Role) -> float | None:
    """Replicas of the role that the recorded load fills: by its capacity, else by its target; None where not known."""
    load = service.spec.load.of(role)
    if load is None:
        return None
    pool = signals.of(role)
    known = [reading.value for reading in (pool.load, pool.demand) if isinstance(reading, Present)]
    return max(known) / (load.capacity_per_replica or load.target) if known else None


def _worth(
    service: DisaggregatedService,
    moments: Sequence[Moment],
    billed: Sequence[Pair],
    serving: Sequence[Pair],
    step_s: int,
) -> Worth:
    roles = service.spec.roles
    short = {role: 0 for role in ROLES if service.spec.load.of(role) is not None}
    for moment, pair in zip(moments, serving, strict=True):
        for role in short:
            need = None if moment.signals is None else needed(service, moment.signals, role)
            short[role] += need is not None and pair.of(role) < need - 1e-9
    return Worth(
        hours=len(moments) * step_s / 3600,
        gpu_hours=sum(roles.gpus(pair.prefill, pair.decode) for pair in billed) * step_s / 3600,
        minutes_short={role: ticks * step_s / 60 for role, ticks in short.items()},
        moves=sum(before != after for before, after in pairwise(billed)),
    )


def _serving(pairs: Sequence[Pair], start_up_ticks: int) -> Iterator[Pair]:
    """A replica that was wished for serves once it was wished for throughout a whole start-up."""
    lately: deque[Pair] = deque(maxlen=start_up_ticks + 1)
    for pair in pairs:
        lately.append(pair)
        yield Pair(min(one.prefill for one in lately), min(one.decode for one in lately))


def _at_risk(judgement: Judgement) -> bool:
    return isinstance(judgement, Judged) and judgement.standing.step >= 1.0


def _missing(service: DisaggregatedService, signals: Signals | None) -> str:
    """Which driving roles' loads are not known, and why; empty where all are."""
    if signals is None:
        return NOT_OBSERVED
    whys = [(role, _why(signals.of(role).load)) for role in service.spec.driving_roles]
    return ", ".join(f"no {role} load: {why}" for role, why in whys if why)


def _why(reading: Reading[float]) -> str:
    if not isinstance(reading, Absent):
        return ""
    return f"{reading.why.value.replace('_', ' ')}{f' ({reading.detail})' if reading.detail else ''}"
