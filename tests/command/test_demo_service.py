from disaggregated_service.core.signals_spec import Endpoints
from disaggregated_service.core.validate import faults_of, sparse_faults
from disaggregated_service.edge.time_zone import offsets_min
from heteroscale.command import demo_service as stated
from heteroscale.simulator.arrivals import cut_into_requests
from heteroscale.simulator.static_fleet import static_peak
from heteroscale.simulator.trace import shipped_trace
from heteroscale.simulator.world.world import World

FROM_S, UNTIL_S = 6 * 3600.0, 14 * 3600.0


def test_the_demos_service_has_no_faults_at_its_own_pace():
    replicas = Endpoints(prefill=("http://127.0.0.1:1/p",), decode=("http://127.0.0.1:1/d",))
    spec = stated.with_endpoints(stated.demo_service(), replicas).spec
    assert faults_of(spec, offsets_min) == ()
    assert sparse_faults(spec, scrape_interval_s=stated.TICK_S, tick_interval_s=stated.TICK_S) == ()


def test_the_stated_ratio_is_the_one_at_which_both_roles_are_full_together():
    shape = stated.load_shape(seed=1)
    requests = cut_into_requests(shipped_trace(), shape, from_s=FROM_S, until_s=UNTIL_S)
    prefill_s = requests.prompt_tokens.sum() / stated.PREFILL_CAPACITY_TPS
    decode_s = requests.output_tokens.sum() / stated.DECODE_CAPACITY_TPS
    ratio = stated.demo_service().spec.ratio
    assert abs(prefill_s / decode_s / ((ratio.band.low + ratio.band.high) / 2) - 1) < 0.02


def test_the_static_fleet_that_it_is_compared_with_carries_the_load_and_is_no_straw_man():
    shape, trace = stated.load_shape(seed=1), shipped_trace()
    load = stated.demo_service().spec.load
    assert load.prefill is not None
    assert load.decode is not None
    pair = static_peak(
        trace,
        scale=shape.scale,
        from_s=FROM_S,
        until_s=UNTIL_S,
        prefill_target_tps=load.prefill.target,
        decode_target_tps=load.decode.target,
    )
    requests = cut_into_requests(trace, shape, from_s=FROM_S, until_s=UNTIL_S)
    world = World(requests=requests, prefill=stated.ENGINE, decode=stated.ENGINE, replicas=pair)
    world.run_until(UNTIL_S - FROM_S)
    world.finish()
    assert world.results.within_slo_frac(stated.SLO) > 0.999
