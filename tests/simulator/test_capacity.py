"""The numbers that the demo's service states are the ones that its world has."""

import pytest

from disaggregated_service.core.pair import Role
from heteroscale.command import demo_service
from heteroscale.simulator.capacity import capacity_tps
from heteroscale.simulator.world.result import Slo


@pytest.mark.parametrize(
    ("role", "stated_tps"),
    [(Role.PREFILL, demo_service.PREFILL_CAPACITY_TPS), (Role.DECODE, demo_service.DECODE_CAPACITY_TPS)],
)
def test_the_stated_capacity_is_what_the_world_carries(role: Role, stated_tps: float):
    measured = capacity_tps(
        role,
        engine=demo_service.ENGINE,
        slo=demo_service.SLO,
        shape=demo_service.load_shape(seed=1),
        output_tokens_mean=1319.0,
    )
    assert measured == pytest.approx(stated_tps, rel=0.03)


def test_an_slo_that_no_engine_can_meet_leaves_no_capacity():
    slo = Slo(ttft_s=2.5, tbt_s=0.010)  # one step alone takes 10.9 ms
    measured = capacity_tps(
        Role.DECODE,
        engine=demo_service.ENGINE,
        slo=slo,
        shape=demo_service.load_shape(seed=1),
        output_tokens_mean=1319.0,
    )
    assert measured < 5
