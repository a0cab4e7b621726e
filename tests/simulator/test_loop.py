from __future__ import annotations

import math

import pytest

from disaggregated_service.core.pair import Pair
from heteroscale.simulator.loop import run_cell
from heteroscale.simulator.measure import FIGURES
from heteroscale.simulator.policy.registry import NAMES
from tests.simulator.cells import cell, day_and_night, rates

SHORT = rates([20_000.0, 20_000.0, 60_000.0, 60_000.0, 20_000.0, 20_000.0])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "oracle"])
def test_every_policy_runs_to_the_end_with_every_figure(name):
    record = run_cell(cell(name, SHORT))
    assert set(record.figures) == set(FIGURES)
    assert all(math.isfinite(value) for value in record.figures.values())
    assert record.samples[-1].at_s == 1800
    assert len(record.samples) == 30


def test_the_same_cell_runs_to_the_same_record():
    first, second = run_cell(cell("heteroscale-measured", SHORT)), run_cell(cell("heteroscale-measured", SHORT))
    assert first == second


def test_another_seed_is_another_load():
    first, second = run_cell(cell("static-peak", SHORT)), run_cell(cell("static-peak", SHORT, seed=2))
    assert first.figures["requests"] != second.figures["requests"]


def test_a_static_fleet_begins_with_its_size_and_never_moves():
    record = run_cell(cell("static-peak", SHORT))
    assert record.figures["actions_per_hour"] == 0
    assert {sample.wanted for sample in record.samples} == {record.samples[0].ready}


def test_the_oracle_has_replicas_ready_when_the_load_comes():
    record = run_cell(cell("oracle:headroom=1.5", SHORT, start_up_s=120.0))
    before, during = record.samples[7], record.samples[11]
    assert before.wanted.prefill > before.ready.prefill, "it asks while the load is still low"
    assert during.ready.prefill >= 60_000 / 16_400


def test_the_oracle_finds_the_least_headroom_that_keeps_the_slo():
    record = run_cell(cell("oracle", SHORT))
    headroom = record.cell.policy.settings.headroom
    assert record.figures["slo_attainment_frac"] >= 0.99
    fewer = run_cell(cell(f"oracle:headroom={0.9 * headroom}", SHORT))
    assert fewer.figures["slo_attainment_frac"] < 0.99


def test_a_wish_reaches_the_two_pools_at_their_own_syncs_and_not_before():
    record = run_cell(cell("heteroscale-fixed", day_and_night(hours=1, low=20_000, high=80_000)))
    pairs = [sample.wanted for sample in record.samples]
    assert len(set(pairs)) > 2
    assert all(Pair(1, 1) != pair for pair in pairs)


def test_start_up_is_billed_and_not_served():
    quick = run_cell(cell("heteroscale-measured", SHORT, start_up_s=15.0))
    slow = run_cell(cell("heteroscale-measured", SHORT, start_up_s=300.0))
    assert slow.figures["slo_attainment_frac"] < quick.figures["slo_attainment_frac"]
