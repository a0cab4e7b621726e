from disaggregated_service.core.pair import Pair
from heteroscale.simulator.static_fleet import static_peak
from heteroscale.simulator.trace import RateTrace

TRACE = RateTrace(600.0, (0.0, 600.0, 1200.0), (1000.0, 5000.0, 1000.0), (10.0, 20.0, 90.0))


def test_each_role_is_sized_for_its_own_peak_of_the_hours():
    sized = {"scale": 2.0, "prefill_target_tps": 3000.0, "decode_target_tps": 50.0}
    assert static_peak(TRACE, from_s=0.0, until_s=1800.0, **sized) == Pair(4, 4)
    assert static_peak(TRACE, from_s=0.0, until_s=900.0, **sized) == Pair(4, 1)
