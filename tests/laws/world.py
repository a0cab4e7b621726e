"""Random services, random stories of observations, and the loop that runs one through the coordinator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.coordinator.placement import grant_everything
from heteroscale.coordinator.tick import Running, started_with, tick
from scaler.core.observation import Absent, Coverage, Observation, Present, Reading, RoleSignals, Signals, Why
from tests.scenarios.cluster import histogram_of
from tests.services import REMOVE, service

STEP_S = 15.0
PREFILL_LOAD = {"metric": "prefillTps", "targetPerReplica": 10_000, "capacityPerReplica": 20_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one tick sees. ready_frac: of the pair in force. silent: replicas of each role that do not answer."""

    decode_tps: float | None
    prefill_tps: float | None
    ready_frac: float
    silent: int
    tbt_frac: float | None  # the 90th percentile as a multiple of the target
    samples: int
    waiting: int | None


def services(*, plain: bool = False) -> st.SearchStrategy[DisaggregatedService]:
    """Valid services in both modes. plain: no budget and no HPA tolerance, where those would bind."""
    fixed = st.sampled_from(
        [{"prefill": p, "decode": d, "tolerance": t} for p, d in ((1, 3), (1, 1), (2, 1), (2, 3)) for t in (0.15, 0.3)]
    )
    measured = st.just({"mode": "measured", "min": "1:6", "max": "3:1"})
    budgets = st.just(None) if plain else st.sampled_from([None, None, 120, 400])
    tolerances = st.just(0.0) if plain else st.sampled_from([0.0, 0.0, 0.1])
    return st.builds(
        _service,
        ratio=st.one_of(fixed, measured),
        cooldown_in_s=st.sampled_from([0, 30, 60, 120]),
        damping_in=st.sampled_from([0.3, 0.5, 1.0]),
        budget=budgets,
        tolerance=tolerances,
        raises=st.sampled_from([None, "both", "prefill", "decode"]),
    )


def _service(
    *,
    ratio: dict[str, Any],
    cooldown_in_s: int,
    damping_in: float,
    budget: int | None,
    tolerance: float,
    raises: str | None,
) -> DisaggregatedService:
    tbt: dict[str, Any] = {"metric": "tbt", "target": "40ms"}
    return service(
        ratio=ratio,
        roles={"prefill": {"minReplicas": 1, "maxReplicas": 60}, "decode": {"minReplicas": 1, "maxReplicas": 90}},
        load={
            "decode": {"targetPerReplica": 1000, "capacityPerReplica": 2000},
            "prefill": PREFILL_LOAD,
            "cooldown": {"in": f"{cooldown_in_s}s", "out": "30s"},
            "progressDeadline": "2m",
        },
        guards=[tbt | ({"raises": raises} if raises else {}), {"metric": "ttft", "target": "1s"}],
        damping={"in": damping_in},
        gpuBudget=budget or REMOVE,
        hpaTolerance=tolerance,
    )


def moments() -> st.SearchStrategy[Moment]:
    maybe = st.one_of(st.none(), st.floats(0, 60_000), st.floats(0, 60_000), st.floats(0, 60_000))
    return st.builds(
        Moment,
        decode_tps=maybe,
        prefill_tps=maybe.map(lambda tps: None if tps is None else tps * 10),
        ready_frac=st.sampled_from([1.0, 1.0, 1.0, 0.8, 0.5]),
        silent=st.sampled_from([0, 0, 0, 1, 4, 100]),
        tbt_frac=st.sampled_from([None, 0.5, 0.7, 0.9, 1.05, 1.15, 1.5]),
        samples=st.sampled_from([0, 5, 100, 100, 100]),
        waiting=st.sampled_from([None, 0, 0, 3, 60]),
    )


def stories(longest: int = 14) -> st.SearchStrategy[list[Moment]]:
    """Moments, each possibly held for a while, so that windows and cooldowns get to run out."""
    held = st.tuples(moments(), st.sampled_from([1, 1, 2, 5, 9]))
    return st.lists(held, min_size=1, max_size=longest).map(
        lambda pieces: [moment for moment, times in pieces for _ in range(times)]
    )


def pairs() -> st.SearchStrategy[Pair]:
    return st.builds(Pair, st.integers(1, 60), st.integers(1, 90))


def observed(subject: DisaggregatedService, in_force: Pair, moment: Moment) -> Observation:
    """The observation of a moment while `in_force` has been asked for."""
    tbt: Reading[Any] = Absent(Why.STALE)
    if moment.tbt_frac is not None:
        tbt = histogram_of(0.04 * moment.tbt_frac, 0.9, 0.04, moment.samples)
    return Observation(
        signals=Signals(
            prefill=_role(in_force.prefill, moment.prefill_tps, moment),
            decode=_role(in_force.decode, moment.decode_tps, moment),
            latencies={GuardMetric.TBT: tbt, GuardMetric.TTFT: histogram_of(0.3, 0.9, 1.0, moment.samples)},
        )
    )


def _role(in_force: int, tps: float | None, moment: Moment) -> RoleSignals:
    ready = int(in_force * moment.ready_frac)
    coverage = Coverage(max(0, ready - moment.silent), ready)
    load: Reading[float] = Absent(Why.STALE) if tps is None else Present(tps, 4, 5.0, coverage)
    waiting: Reading[float] = Absent(Why.NO_SERIES)
    if moment.waiting is not None:
        waiting = Present(float(moment.waiting), 1, 5.0, coverage)
    return RoleSignals(ready=ready, discovered=in_force, load=load, waiting=waiting)


def start(pair: Pair) -> Running:
    return started_with(pair)


def step(
    subject: DisaggregatedService, state: Running, observation: Observation, now_s: float, sequence: int
) -> tuple[Decision, Running]:
    """One tick of one running service."""
    key = subject.key
    result = tick([subject], {key: observation}, {key: state}, now_s=now_s, sequence=sequence, place=grant_everything)
    outcome = result.outcomes[key]
    assert outcome.decision is not None
    assert isinstance(outcome.state, Running)
    return outcome.decision, outcome.state


def told(
    subject: DisaggregatedService, pair: Pair, story: Sequence[Moment]
) -> Iterator[tuple[Moment, Running, Decision]]:
    """Every tick of a story: the moment, the state it met, and the decision."""
    state = start(pair)
    for number, moment in enumerate(story):
        observation = observed(subject, state.memory.in_force, moment)
        decision, after = step(subject, state, observation, number * STEP_S, number)
        yield moment, state, decision
        state = after


def rises(before: Pair, after: Pair) -> set[Role]:
    return {role for role in Role if after.of(role) > before.of(role)}


def falls(before: Pair, after: Pair) -> set[Role]:
    return {role for role in Role if after.of(role) < before.of(role)}
