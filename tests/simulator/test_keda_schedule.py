from collections import Counter

from disaggregated_service.core.pair import Role
from heteroscale.simulator.keda_schedule import due_between


def test_an_hour_has_a_poll_every_30_s_and_a_sync_every_15_s_of_each_role():
    counted = Counter((due.role, due.ask) for due in due_between(0.0, 3600.0))
    assert counted == {(role.value, ask): count for role in Role for ask, count in (("poll", 120), ("sync", 240))}


def test_the_same_questions_come_out_however_the_time_is_cut():
    whole = due_between(0.0, 600.0)
    pieces = [due for start in range(0, 600, 7) for due in due_between(start, min(start + 7, 600))]
    assert pieces == whole
    assert whole == sorted(whole)


def test_prefill_and_decode_are_never_asked_at_the_same_moment():
    times = [due.at_s for due in due_between(0.0, 600.0)]
    assert len(times) == len(set(times))
