import math

from heteroscale.simulator.world.pool import Pool, State


class Engine:
    """Holds as many requests as it is told."""

    def __init__(self) -> None:
        self.held = 0

    @property
    def idle(self) -> bool:
        return not self.held


def pool_of(replicas: int) -> Pool[Engine]:
    return Pool(
        make=lambda _: Engine(),
        start_up_s=lambda number: 100.0 + number,
        load=lambda engine, _: engine.held,
        replicas=replicas,
    )


def test_a_new_replica_serves_only_after_its_start_up():
    pool = pool_of(1)
    pool.resize(2, 10.0)
    assert (pool.wanted, len(pool.ready), pool.next_ready_s) == (2, 1, 111.0)
    pool.promote(110.9)
    assert len(pool.ready) == 1
    pool.promote(111.0)
    assert (len(pool.ready), pool.next_ready_s) == (2, math.inf)


def test_scale_in_takes_the_unstarted_first_the_youngest_before_the_others():
    pool = pool_of(2)
    pool.resize(4, 0.0)
    pool.resize(3, 50.0)
    assert [member.number for member in pool.members] == [0, 1, 2]
    assert len(pool.ready) == 2


def test_scale_in_then_drains_the_least_loaded_and_the_youngest_of_equals():
    pool = pool_of(4)
    for engine, held in zip(pool.ready, (3, 1, 2, 1), strict=True):
        engine.held = held
    pool.resize(3, 5.0)
    assert [member.number for member in pool.members if member.state is State.DRAINING] == [3]


def test_a_drained_replica_stays_until_it_has_let_go_of_its_last_request():
    pool = pool_of(2)
    pool.ready[0].held, pool.ready[1].held = 5, 1
    second = pool.ready[1]
    pool.resize(1, 10.0)
    pool.reap(20.0, lambda _: 0.0)
    assert len(pool.members) == 2
    second.held = 0
    pool.reap(40.0, lambda _: 35.0)
    assert [member.number for member in pool.members] == [0]
    assert pool.billed_s(40.0) == 40.0 + 35.0


def test_start_up_and_drain_are_billed():
    pool = pool_of(1)
    pool.resize(2, 100.0)
    assert pool.billed_s(160.0) == 160.0 + 60.0
    pool.resize(1, 160.0)  # it never served, but its GPUs were taken
    assert pool.billed_s(200.0) == 200.0 + 60.0


def test_a_replica_that_was_idle_when_it_was_drained_is_billed_until_then():
    pool = pool_of(2)
    pool.resize(1, 50.0)
    pool.reap(60.0, lambda _: 12.0)
    assert pool.billed_s(60.0) == 60.0 + 50.0


def test_a_pool_raised_while_it_drains_starts_anew():
    pool = pool_of(2)
    pool.ready[0].held, pool.ready[1].held = 1, 2
    pool.resize(1, 0.0)
    pool.resize(2, 1.0)
    assert [member.state for member in pool.members] == [State.DRAINING, State.READY, State.STARTING]
