"""The world of `world.py` with its inner loops compiled: the same events, the same arithmetic, the same bytes.

Births, starts, drains and bills are `Pool`'s, as in the reference: they are rare. What happens once a request is in
the `fast_*` modules. ADR 0014 has the profile that led here.
"""

from __future__ import annotations

import numpy as np

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.trace import FloatArray, IntArray
from heteroscale.simulator.world import fast_state
from heteroscale.simulator.world.activity import DECODE_SM_FLOOR_FRAC, PREFILL_SM_FRAC
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.fast_counters import decode_counters, prefill_counters
from heteroscale.simulator.world.fast_events import events_until, look, open_decode_door, open_prefill_door
from heteroscale.simulator.world.fast_slots import FreeSlots, Slot, indices, slots_of
from heteroscale.simulator.world.fast_state import NOBODY
from heteroscale.simulator.world.interface import RoleCounters, Routing
from heteroscale.simulator.world.network import Network
from heteroscale.simulator.world.pool import Pool
from heteroscale.simulator.world.result import Results
from heteroscale.simulator.world.start_up import StartUp
from heteroscale.simulator.world.work import work_of


class FastWorld:
    """A `SimulatedWorld`."""

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
        self._flow = fast_state.flow_of(work)
        self.results = Results(requests, self._flow.requests["first_token_s"], self._flow.requests["finish_s"])
        self._spec = fast_state.decode_spec(decode)
        self._in_turn = Routing(routing) is Routing.ROUND_ROBIN
        self._gpus = Pair(prefill.gpus, decode.gpus)
        self._ranks = prefill.prefill_ranks
        self._readers = fast_state.readers_of(self._ranks)
        self._writers = fast_state.writers_of()
        self._gone_busy_s = dict.fromkeys(Role, 0.0)
        self._gone_active_s = dict.fromkeys(Role, 0.0)
        self._free = {role: FreeSlots(fast_state.SLOTS) for role in Role}
        self._prefill: Pool[Slot] = Pool(
            make=self._new_reader,
            start_up_s=lambda number: starts.of(Role.PREFILL, number),
            load=lambda slot, now_s: float(np.maximum(0.0, self._readers.free_at_s[slot.index] - now_s).sum()),
            replicas=replicas.prefill,
            gone=lambda slot: self._let_go(Role.PREFILL, slot),
        )
        self._decode: Pool[Slot] = Pool(
            make=self._new_writer,
            start_up_s=lambda number: starts.of(Role.DECODE, number),
            load=lambda slot, _: int(self._writers.records["requests"][slot.index]),
            replicas=replicas.decode,
            gone=lambda slot: self._let_go(Role.DECODE, slot),
        )
        self._pools = {Role.PREFILL: self._prefill, Role.DECODE: self._decode}

    def resize(self, role: Role, replicas: int) -> None:
        self._pools[role].resize(replicas, self.now_s)

    @property
    def wanted(self) -> Pair:
        return Pair(self._prefill.wanted, self._decode.wanted)

    @property
    def ready(self) -> Pair:
        return Pair(len(self._prefill.ready), len(self._decode.ready))

    @property
    def waiting_outside(self) -> Pair:
        tally = self._flow.tally[0]
        return Pair(int(tally["prefill_door"]), int(tally["decode_door"]))

    @property
    def idle(self) -> bool:
        return bool(self._flow.tally["finished"][0] == len(self._flow.requests))

    def run_until(self, until_s: float) -> None:
        while self.now_s < until_s:
            moment = max(self.now_s, min(until_s, self._prefill.next_ready_s, self._decode.next_ready_s))
            self._events_until(moment)
            self.now_s = moment
            self._let_serve(moment)
        slots = slots_of(self._decode.members)
        look(self._spec, self._flow, self._readers, self._writers, slots, until_s)
        self._prefill.reap(until_s, lambda slot: float(self._readers.free_at_s[slot.index].max()))
        self._decode.reap(until_s, lambda slot: float(self._writers.records["left_at_s"][slot.index]))

    def finish(self, *, step_s: float = 30.0, limit_s: float = 3600.0) -> None:
        end_s = self.now_s + limit_s
        while not self.idle and self.now_s < end_s:
            self.run_until(self.now_s + step_s)

    def counters(self, role: Role) -> RoleCounters:
        members = self._pools[role].members
        if role is Role.PREFILL:
            return prefill_counters(self._readers, members, self.now_s)
        return decode_counters(self._writers, members, self._spec.kv_tokens_max)

    def gpu_hours(self) -> float:
        billed_s = {role: pool.billed_s(self.now_s) * self._gpus.of(role) for role, pool in self._pools.items()}
        return (billed_s[Role.PREFILL] + billed_s[Role.DECODE]) / 3600

    def busy_s(self, role: Role) -> float:
        return self._gone_busy_s[role] + float(self._busy_s(role, slots_of(self._pools[role].members)).sum())

    def sm_active_s(self, role: Role) -> float:
        return self._gone_active_s[role] + float(self._active_s(role, slots_of(self._pools[role].members)).sum())

    def serving_s(self, role: Role) -> float:
        return self._pools[role].served_s(self.now_s)

    def _events_until(self, moment_s: float) -> None:
        readers, writers = indices(self._prefill.ready), indices(self._decode.ready)
        while (
            events_until(
                self._spec, self._flow, self._readers, self._writers, readers, writers, self._in_turn, moment_s
            )
            != NOBODY
        ):
            self._grow_batches()

    def _let_serve(self, now_s: float) -> None:
        if self._prefill.next_ready_s <= now_s:
            self._prefill.promote(now_s)
            open_prefill_door(self._flow, self._readers, indices(self._prefill.ready), self._in_turn, now_s)
        if self._decode.next_ready_s <= now_s:
            self._decode.promote(now_s)
            ready = indices(self._decode.ready)
            while open_decode_door(self._spec, self._flow, self._writers, ready, self._in_turn, now_s) != NOBODY:
                self._grow_batches()

    def _new_reader(self, ready_at_s: float) -> Slot:
        free = self._free[Role.PREFILL]
        index = free.take()
        while index is None:
            self._readers = fast_state.more_readers(self._readers, free.grow())
            index = free.take()
        fast_state.clear_reader(self._readers, index, ready_at_s)
        return Slot(index, lambda slot: int(self._readers.records["held"][slot]))

    def _new_writer(self, ready_at_s: float) -> Slot:
        free = self._free[Role.DECODE]
        index = free.take()
        while index is None:
            batch = self._writers.leaving.shape[1]
            self._writers = fast_state.more_writers(self._writers, free.grow(), batch)
            index = free.take()
        fast_state.clear_writer(self._writers, index, ready_at_s)
        return Slot(index, lambda slot: int(self._writers.records["requests"][slot]))

    def _grow_batches(self) -> None:
        slots, batch = self._writers.leaving.shape
        self._writers = fast_state.more_writers(self._writers, slots, 2 * batch)

    def _let_go(self, role: Role, slot: Slot) -> None:
        index = np.array([slot.index])
        self._gone_busy_s[role] += float(self._busy_s(role, index)[0])
        self._gone_active_s[role] += float(self._active_s(role, index)[0])
        self._free[role].give_back(slot.index)

    def _busy_s(self, role: Role, slots: IntArray) -> FloatArray:
        if role is Role.DECODE:
            return self._writers.records["busy_s"][slots]
        given_s: FloatArray = self._readers.records["read_s"][slots]
        to_come_s = np.maximum(0.0, self._readers.free_at_s[slots] - self.now_s).sum(axis=1)
        to_come_s[given_s == 0] = 0.0  # one that starts has ranks that are free only later
        busy_s: FloatArray = (given_s - to_come_s) / self._ranks
        return busy_s

    def _active_s(self, role: Role, slots: IntArray) -> FloatArray:
        busy_s = self._busy_s(role, slots)
        if role is Role.PREFILL:
            return busy_s * PREFILL_SM_FRAC
        active_s: FloatArray = busy_s - (1 - DECODE_SM_FLOOR_FRAC) * self._writers.records["floor_s"][slots]
        return active_s
