"""The world: requests arrive, are read by one pool, travel, and are written by the other.

Event-driven and exact in the terms of its engines: the reference that the compiled `fast_world` is held to, and the
demo's world. Who has been given a request keeps it; where no replica is ready, requests wait at the door. The world
moves only when told how far; it has no clock and no opinion on how many replicas there should be.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.world.decode_replica import DecodeReplica
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.interface import RoleCounters, Routing
from heteroscale.simulator.world.network import Network
from heteroscale.simulator.world.pool import Pool
from heteroscale.simulator.world.prefill_replica import PrefillReplica
from heteroscale.simulator.world.result import Results
from heteroscale.simulator.world.start_up import StartUp
from heteroscale.simulator.world.work import work_of
from heteroscale.simulator.world.world_counters import Activity, decode_counters, prefill_counters

__all__ = ["StartUp", "World"]


class World:
    """Time starts at 0 with `replicas` ready. `run_until` moves it on; everything else looks at it as it stands."""

    def __init__(
        self,
        *,
        requests: Requests,
        prefill: Engine,
        decode: Engine,
        replicas: Pair,
        network: Network | None = None,
        start_up: StartUp | None = None,
        routing: Routing = Routing.LEAST_WORK,
        prefix_hit_frac: float = 0.0,
    ) -> None:
        starts = start_up or StartUp()
        work = work_of(
            requests, prefill=prefill, decode=decode, network=network or Network(), prefix_hit_frac=prefix_hit_frac
        )
        self.now_s = 0.0
        self._first_token_s = [float("nan")] * len(requests)
        self._finish_s = [float("nan")] * len(requests)
        self.results = Results(requests, self._first_token_s, self._finish_s)
        self._arrival_s = work.arrival_s.tolist()
        self._prompt_tokens = work.prompt_tokens.tolist()
        self._cached_tokens = work.cached_tokens.tolist()
        self._to_write = work.to_write.tolist()
        self._transfer_s = work.transfer_s.tolist()
        self._in_turn = Routing(routing) is Routing.ROUND_ROBIN
        self._turn = dict.fromkeys(Role, 0)
        self._next = 0
        self._activity = Activity()
        self._travelling: list[tuple[float, int]] = []  # heap of KV caches by the time they arrive
        self._door: dict[Role, deque[int]] = {role: deque() for role in Role}
        self._gpus = Pair(prefill.gpus, decode.gpus)
        self.prefill: Pool[PrefillReplica] = Pool(
            make=lambda ready_at_s: PrefillReplica(prefill, ready_at_s),
            start_up_s=lambda number: starts.of(Role.PREFILL, number),
            load=PrefillReplica.load,
            replicas=replicas.prefill,
            gone=lambda engine: self._activity.keep_reader(engine, self.now_s),
        )
        self.decode: Pool[DecodeReplica] = Pool(
            make=lambda ready_at_s: DecodeReplica(decode, ready_at_s, self._finish_s),
            start_up_s=lambda number: starts.of(Role.DECODE, number),
            load=lambda engine, _: engine.requests,
            replicas=replicas.decode,
            gone=self._activity.keep_writer,
        )

    def resize(self, role: Role, replicas: int) -> None:
        """Have this many replicas of a role from now on, as far as starting and draining allow."""
        pool: Pool[PrefillReplica] | Pool[DecodeReplica] = self._pool(role)
        pool.resize(replicas, self.now_s)

    @property
    def wanted(self) -> Pair:
        return Pair(self.prefill.wanted, self.decode.wanted)

    @property
    def ready(self) -> Pair:
        return Pair(len(self.prefill.ready), len(self.decode.ready))

    @property
    def waiting_outside(self) -> Pair:
        """Requests for which no replica of the role is ready."""
        return Pair(len(self._door[Role.PREFILL]), len(self._door[Role.DECODE]))

    @property
    def idle(self) -> bool:
        """Whether every request has been written to its end."""
        return self.results.finished() == len(self._arrival_s)

    def gpu_hours(self) -> float:
        """Billed so far, start-up and drain included."""
        prefill_s, decode_s = self.prefill.billed_s(self.now_s), self.decode.billed_s(self.now_s)
        return (prefill_s * self._gpus.prefill + decode_s * self._gpus.decode) / 3600

    def counters(self, role: Role) -> RoleCounters:
        """What a scrape reads of every replica."""
        if role is Role.PREFILL:
            return prefill_counters(self.prefill.members, self.now_s)
        return decode_counters(self.decode.members)

    def busy_s(self, role: Role) -> float:
        """Replica-seconds so far in which a kernel ran."""
        if role is Role.PREFILL:
            return self._activity.read_s(self.prefill.members, self.now_s)
        return self._activity.wrote_s(self.decode.members)

    def sm_active_s(self, role: Role) -> float:
        """Replica-seconds so far, weighted by the share of the multiprocessors at work."""
        if role is Role.PREFILL:
            return self._activity.read_sm_s(self.prefill.members, self.now_s)
        return self._activity.wrote_sm_s(self.decode.members)

    def serving_s(self, role: Role) -> float:
        """Replica-seconds so far of replicas that had started."""
        return self._pool(role).served_s(self.now_s)

    def run_until(self, until_s: float) -> None:
        """Move time on to `until_s`; every counter of every replica then stands as of that moment."""
        while self.now_s < until_s:
            moment = max(self.now_s, min(until_s, self.prefill.next_ready_s, self.decode.next_ready_s))
            self._events_until(moment)
            self.now_s = moment
            self._let_serve(moment)
        for reader in self.prefill.members:
            reader.engine.advance(until_s)
        for writer in self.decode.members:
            writer.engine.advance(until_s)
        self.prefill.reap(until_s, PrefillReplica.ended_s)
        self.decode.reap(until_s, lambda engine: engine.left_at_s)

    def finish(self, *, step_s: float = 30.0, limit_s: float = 3600.0) -> None:
        """Move on until the last request is written, at most `limit_s`."""
        end_s = self.now_s + limit_s
        while not self.idle and self.now_s < end_s:
            self.run_until(self.now_s + step_s)

    def _pool(self, role: Role) -> Pool[PrefillReplica] | Pool[DecodeReplica]:
        return self.prefill if role is Role.PREFILL else self.decode

    def _let_serve(self, now_s: float) -> None:
        if self.prefill.next_ready_s <= now_s:
            self.prefill.promote(now_s)
            for request in _taken(self._door[Role.PREFILL], bool(self.prefill.ready)):
                self._read(request, now_s)
        if self.decode.next_ready_s <= now_s:
            self.decode.promote(now_s)
            for request in _taken(self._door[Role.DECODE], bool(self.decode.ready)):
                self._write(request, now_s)

    def _events_until(self, until_s: float) -> None:
        arrival_s, travelling, count = self._arrival_s, self._travelling, len(self._arrival_s)
        while True:
            arrives = arrival_s[self._next] if self._next < count else until_s + 1
            lands = travelling[0][0] if travelling else until_s + 1
            if arrives > until_s and lands > until_s:
                return
            if arrives <= lands:
                self._read(self._next, arrives)
                self._next += 1
            else:
                at_s, request = heappop(travelling)
                self._write(request, at_s)

    def _read(self, request: int, now_s: float) -> None:
        ready = self.prefill.ready
        if not ready:
            self._door[Role.PREFILL].append(request)
            return
        chosen = ready[self._next_turn(Role.PREFILL) % len(ready)] if self._in_turn else _starts_first(ready, now_s)
        first_token_s = chosen.submit(
            now_s,
            self._arrival_s[request],
            self._prompt_tokens[request],
            self._transfer_s[request],
            self._cached_tokens[request],
        )
        heappush(self._travelling, (first_token_s, request))

    def _write(self, request: int, now_s: float) -> None:
        first_token_s = self._first_token_s
        if first_token_s[request] != first_token_s[request]:  # not a number: it has just landed
            first_token_s[request] = now_s
        to_write = self._to_write[request]
        if to_write == 0:
            self._finish_s[request] = now_s
            return
        ready = self.decode.ready
        if not ready:
            self._door[Role.DECODE].append(request)
            return
        chosen = ready[self._next_turn(Role.DECODE) % len(ready)] if self._in_turn else _fewest_requests(ready, now_s)
        chosen.submit(now_s, request, first_token_s[request], self._prompt_tokens[request], to_write)

    def _next_turn(self, role: Role) -> int:
        self._turn[role] += 1
        return self._turn[role] - 1


def _starts_first(ready: list[PrefillReplica], now_s: float) -> PrefillReplica:
    chosen = ready[0]
    for replica in ready:
        if replica.free_at_s < chosen.free_at_s:
            chosen = replica
        if chosen.free_at_s <= now_s:
            break
    return chosen


def _fewest_requests(ready: list[DecodeReplica], now_s: float) -> DecodeReplica:
    chosen = ready[0]
    for replica in ready:
        if replica.next_finish_s <= now_s:
            replica.advance(now_s)
        if replica.requests < chosen.requests:
            chosen = replica
    return chosen


def _taken(door: deque[int], ready: bool) -> tuple[int, ...]:
    """All who wait, in order, if anybody can serve them; the door is empty then."""
    if not ready:
        return ()
    waiting = tuple(door)
    door.clear()
    return waiting
