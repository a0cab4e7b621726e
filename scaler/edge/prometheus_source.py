"""The `prometheus` source: readings of many services from one Prometheus-compatible server.

All queries of a tick are evaluated at one instant, within one deadline. An outage is an `Absent` reading with the
counts last known; a service whose pools were never counted is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Protocol

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Role, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from scaler.core.observation import Absent, RoleSignals, Signals, Why
from scaler.edge.assembly import OF_ROLE, assemble
from scaler.edge.prometheus_batch import Ask, Batcher
from scaler.edge.prometheus_names import NameBook
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_plan import Want, plan
from scaler.edge.prometheus_query import Answer, PrometheusQuery
from scaler.edge.prometheus_samples import Memory, PrometheusSamples
from scaler.edge.series import Replicas
from scaler.edge.signal_source import Instant

BACKWARD_S_MAX = 5.0
"""Replicas of one server behind a balancer disagree by less. A clock set back further would show us old samples as
fresh ones, and an old low load is a reason to shrink."""

LEAP_S_MAX = 3_600.0
"""Forward, against our own clock. A single answer from the year 9999 would otherwise have us wait until then, so a leap
counts once the next tick confirms it."""


class Query(Protocol):
    """Who asks the server; scaler/edge/prometheus_recorded.py answers from the past."""

    async def ask(self, promql: str, *, at_unix_s: float | None, within_s: float) -> Answer: ...

    def close(self) -> None: ...


class PrometheusSource:
    """Implements `scaler.edge.signal_source.Source`."""

    def __init__(self, options: PrometheusOptions, query: Query | None = None) -> None:
        self._options = options
        self._query = query or PrometheusQuery(options)
        self._names = NameBook()
        self._batcher: Batcher[Want] = Batcher()
        self._memory = Memory()
        self._latest_unix_s = float("-inf")
        self._ahead_s: float | None = None  # the server's clock, of our monotonic one
        self._leapt_ahead_s: float | None = None

    async def observe(
        self, services: Sequence[DisaggregatedService], instant: Instant, *, deadline_s: float
    ) -> Mapping[ServiceKey, Signals]:
        """Signals of every service whose pools were ever counted. Never raises for what the server does."""
        ends_at_s = asyncio.get_running_loop().time() + deadline_s
        self._memory.forget_all_but(frozenset(service.key for service in services))
        at_unix_s = await self._evaluated_at(instant, ends_at_s)
        if isinstance(at_unix_s, Absent):
            return self._blind(services, at_unix_s)
        ask = self._asking(at_unix_s, ends_at_s)
        found = await self._names.found(services, ask, instant.now_s)
        plans = [
            plan(service, service.spec.signals, found[service.key])
            for service in services
            if service.spec.signals is not None
        ]
        answers = await self._batcher.ask([part for one in plans for part in one.parts()], ask)
        observed: dict[ServiceKey, Signals] = {}
        for one in plans:
            samples = PrometheusSamples(one, answers, at_unix_s, self._memory)
            if samples.knows_its_replicas:
                observed[one.service.key] = assemble(one.service, samples)
        return observed

    async def close(self) -> None:
        self._query.close()

    def _asking(self, at_unix_s: float | None, ends_at_s: float) -> Ask:
        loop = asyncio.get_running_loop()

        async def ask(promql: str) -> Answer:
            return await self._query.ask(promql, at_unix_s=at_unix_s, within_s=ends_at_s - loop.time())

        return ask

    async def _evaluated_at(self, instant: Instant, ends_at_s: float) -> float | Absent:
        """The tick's one evaluation instant. Asking for it first also spares a dead server a storm of queries."""
        at_unix_s = instant.unix_s
        answer = await self._asking(None, ends_at_s)("time()")
        if isinstance(answer, Absent):
            return answer
        if self._options.follow_server_clock:
            if len(answer) != 1:
                return Absent(Why.SOURCE_REFUSED, "time() is not answered with one number")
            at_unix_s = answer[0].value
            if not isfinite(at_unix_s) or self._leaps(at_unix_s, instant):
                return Absent(Why.STALE, f"time() is answered with {at_unix_s:.10g}, which nothing confirms yet")
        back_s = self._latest_unix_s - at_unix_s
        if back_s > BACKWARD_S_MAX:
            return Absent(Why.STALE, f"the clock went back by {back_s:.0f} s; waiting for it to catch up")
        self._latest_unix_s = max(self._latest_unix_s, at_unix_s)
        return round(at_unix_s, 3)

    def _leaps(self, at_unix_s: float, instant: Instant) -> bool:
        ahead_s = at_unix_s - instant.now_s
        before_s = instant.unix_s - instant.now_s if self._ahead_s is None else self._ahead_s
        is_new = self._leapt_ahead_s is None or abs(ahead_s - self._leapt_ahead_s) > LEAP_S_MAX
        if ahead_s - before_s > LEAP_S_MAX and is_new:
            self._leapt_ahead_s = ahead_s
            return True
        self._ahead_s, self._leapt_ahead_s = ahead_s, None
        return False

    def _blind(self, services: Sequence[DisaggregatedService], absent: Absent) -> Mapping[ServiceKey, Signals]:
        """What can be said while nothing can be asked: the counts last known."""
        blind: dict[ServiceKey, Signals] = {}
        for service in services:
            pools = {role: self._memory.replicas.get((service.key, OF_ROLE[role])) for role in Role}
            if None not in pools.values():
                roles = {role: _blind(service, role, pool or Replicas(), absent) for role, pool in pools.items()}
                blind[service.key] = Signals(
                    prefill=roles[Role.PREFILL],
                    decode=roles[Role.DECODE],
                    latencies=dict.fromkeys(GuardMetric, absent),
                )
        return blind


def _blind(service: DisaggregatedService, role: Role, pool: Replicas, absent: Absent) -> RoleSignals:
    load = service.spec.load.of(role)
    return RoleSignals(
        ready=len(pool.ready),
        discovered=len(pool.discovered),
        load=absent,
        demand=absent if load is not None and load.demand_metric is not None else None,
        waiting=absent,
        running=absent,
    )
