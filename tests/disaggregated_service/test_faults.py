"""Each fault that no single field shows, by name, with the numbers that it must give."""

from typing import Any

import pytest

from disaggregated_service.core.validate import sparse_faults
from tests.services import REMOVE, faults_with, service

TTFT = {"metric": "ttft", "target": "1s"}
PREFILL_LOAD = {"metric": "prefillTps", "targetPerReplica": 13500}
MEASURED = {"mode": "measured", "min": "1:6", "max": "2:1"}
SCRAPE = {"source": "scrape", "endpoints": {"prefill": ["http://10.0.0.1:8000/metrics"], "decode": ["http://10.0.0.2:8000/metrics"]}}  # fmt: skip


def bounds(prefill: tuple[int, int], decode: tuple[int, int]) -> dict[str, Any]:
    return {
        "prefill": {"minReplicas": prefill[0], "maxReplicas": prefill[1]},
        "decode": {"minReplicas": decode[0], "maxReplicas": decode[1]},
    }


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        pytest.param({"roles": bounds((0, 24), (3, 72))}, "spec.roles.prefill.minReplicas", ["is 0", "not yet", "at least 1"], id="minimum of 0"),
        pytest.param({"roles": bounds((30, 24), (3, 72))}, "spec.roles.prefill.minReplicas", ["minReplicas 30 is above maxReplicas 24"], id="min above max"),
        pytest.param({"roles": bounds((1, 2), (20, 72))}, "spec.ratio", ["no pair of 1..2P and 20..72D has P/D within 0.283..0.383", "nearest pair is 2P 20D (P/D 0.1)", "tolerance of at least 0.70"], id="no pair in the bounds"),
        pytest.param({"ratio": {"prefill": 5, "decode": 7, "tolerance": 0}, "gpuBudget": 40}, "spec.ratio", ["within 40 GPUs", "nearest pair is"], id="no pair in the budget"),
        pytest.param({"gpuBudget": 12}, "spec.gpuBudget", ["is 12", "1P 3D use 16 GPUs", "at least 16"], id="budget below the minima"),
        pytest.param({"ratio": MEASURED | {"min": "3:1"}, "load": {"prefill": PREFILL_LOAD}}, "spec.ratio.min", ["min 3:1 is above max 2:1", 'min: "2:1", max: "3:1"'], id="measured min above max"),
        pytest.param({"hpaTolerance": 0.5, "roles": bounds((10, 11), (30, 33))}, "spec.hpaTolerance", ["10P 30D", "more than 0.5"], id="tolerance swallows everything"),
        pytest.param({"load": {"decode": REMOVE}}, "spec.load.decode", ["is missing: decode drives the pair", "decodeTps"], id="no load of the driver"),
        pytest.param({"ratio": MEASURED}, "spec.load.prefill", ["is missing: the ratio is measured", "prefillTps"], id="measured needs both loads"),
        pytest.param({"load": {"decode": {"targetPerReplica": REMOVE, "capacityPerReplica": REMOVE}}}, "spec.load.decode", ["neither targetPerReplica nor capacityPerReplica"], id="no number"),
        pytest.param({"load": {"decode": {"capacityPerReplica": 1800}}}, "spec.load.decode.capacityPerReplica", ["is 1800, below targetPerReplica 1900"], id="capacity below target"),
        pytest.param({"load": {"decode": {"targetPerReplica": 2800}}}, "spec.load.decode.targetPerReplica", ["2800 * scaleOutAbove 1.1 is 3080", "0.95 of capacityPerReplica 3150", "below 2720.45"], id="saturates before it asks"),
        pytest.param({"load": {"decode": {"targetPerReplica": REMOVE}, "scaleOutAbove": 1.6}}, "spec.load.scaleOutAbove", ["saturates", "below 1.58"], id="threshold saturates the default target"),
        pytest.param({"load": {"decode": {"metric": "prefillTps"}}}, "spec.load.decode.metric", ["prefillTps is not the load of decode", "write decodeTps"], id="metric of the wrong role"),
        pytest.param({"load": {"scaleInBelow": 1.0}}, "spec.load.scaleInBelow", ["the thresholds cross", "scaleOutAbove is 1.1"], id="thresholds cross"),
        pytest.param({"guards": [TTFT, TTFT]}, "spec.guards[1]", ["guards ttft at percentile 90 as spec.guards[0] does"], id="duplicate guard"),
        pytest.param({"guards": []}, "spec.guards", ["no ttft guard", "jammed prefill pool"], id="no guard"),
        pytest.param({"guards": [{"metric": "tbt", "target": "40ms"}]}, "spec.guards", ["no ttft guard"], id="no ttft guard"),
        pytest.param({"roles": {"decode": {"target": {"name": "chat-70b-prefill"}}}}, "spec.roles.decode.target", ["target of prefill too", "Deployment chat-70b-prefill"], id="one target for both"),
        pytest.param({"roles": {"decode": {"podLabels": {"llm-d.ai/role": "prefill"}}}}, "spec.roles.prefill.podLabels", ["match the pods of decode too"], id="identical labels"),
        pytest.param({"roles": {"prefill": {"podLabels": {"llm-d.ai/role": REMOVE}}}}, "spec.roles.prefill.podLabels", ["match the pods of decode too"], id="labels that include the other pool"),
        pytest.param({"roles": {"prefill": {"podLabels": {"heteroscale.dev/serving": "true"}}}}, 'spec.roles.prefill.podLabels["heteroscale.dev/serving"]', ["orphan the pod"], id="serving label"),
        pytest.param({"signals": {"selectors": {"prefill": ""}}}, "spec.signals.selectors.prefill", ["is missing", 'role="prefill"'], id="no selector"),
        pytest.param({"signals": {"selectors": {"decode": 'namespace="llm",role="prefill"'}}}, "spec.signals.selectors.decode", ["same as selectors.prefill"], id="one selector for both"),
        pytest.param({"signals": {"source": "scrape", "endpoints": {"decode": ["http://10.0.0.2:8000/metrics"]}}}, "spec.signals.endpoints.prefill", ["is missing", "dns+http"], id="no endpoints"),
        pytest.param({"signals": SCRAPE | {"queries": {"decodeTps": "sum(x)"}}}, "spec.signals.queries.decodeTps", ["PromQL", "source: prometheus"], id="query without Prometheus"),
        pytest.param({"signals": SCRAPE, "load": {"decode": {"demandMetric": "sum(x)"}}}, "spec.load.decode.demandMetric", ["PromQL"], id="demand without Prometheus"),
        pytest.param({"signals": {"staleAfter": "90s"}}, "spec.signals.staleAfter", ["is 90s, above window 60s", "at most 60s"], id="stale after the window"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_and_its_numbers(changes: dict[str, Any], path: str, words: list[str]) -> None:
    faults = faults_with(**changes)
    assert [fault.path for fault in faults] == [path]
    assert [word for word in words if word not in str(faults[0])] == []


def test_fixed_mode_driven_by_prefill_may_do_without_a_ttft_guard() -> None:
    assert faults_with(guards=[], load={"driver": "prefill", "prefill": PREFILL_LOAD}) == ()


def test_one_pair_is_enough_for_a_ratio_and_needs_no_way_past_the_tolerance() -> None:
    assert faults_with(roles=bounds((2, 2), (6, 6)), hpaTolerance=0.1) == ()


def test_ample_bounds_pass_the_tolerance_of_an_older_cluster() -> None:
    assert faults_with(hpaTolerance=0.1) == ()


def test_signals_may_be_left_out() -> None:
    assert faults_with(signals=REMOVE) == ()


@pytest.mark.parametrize(
    ("scrape_s", "tick_s", "paths"),
    [
        (15.0, 15.0, []),
        (15.1, 15.0, ["spec.signals.window", "spec.signals.staleAfter"]),
        (5.0, 22.6, ["spec.signals.staleAfter"]),
        (5.0, 22.5, []),
    ],
)
def test_signals_too_sparse_to_ever_shrink_are_a_fault(scrape_s: float, tick_s: float, paths: list[str]) -> None:
    assert [fault.path for fault in sparse_faults(service().spec, scrape_s, tick_s)] == paths
