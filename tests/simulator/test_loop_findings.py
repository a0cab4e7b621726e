"""What the paper saw (arXiv 2508.19559), seen again: on a load that falls to a tenth and comes back."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from disaggregated_service.core.load_spec import RoleLoad
from disaggregated_service.core.pair import Role
from heteroscale.simulator.cell import RunRecord
from heteroscale.simulator.loop import run_cell
from tests.simulator.cells import cell, chat, day_and_night, rates

LOAD = day_and_night(hours=8, low=9000.0, high=90_000.0)
FLEET = 12
"""Decode replicas that there are; the peak needs some eight of them at the service's target."""


@cache
def played(policy: str) -> RunRecord:
    return run_cell(cell(policy, LOAD, service=chat(most=FLEET)))


def decode_counts(policy: str) -> tuple[int, int]:
    """Most wanted anywhere, and least wanted around the trough."""
    counts = [sample.wanted.of(Role.DECODE) for sample in played(policy).samples]
    middle = len(counts) // 2
    return max(counts), min(counts[middle - 30 : middle + 30])


def test_decode_utilisation_hardly_moves_while_the_load_falls_to_a_tenth():
    assert played("static-peak").figures["decode_gpu_util_mean"] > 0.95


def test_a_policy_on_decode_utilisation_stays_near_its_maximum_through_the_trough():
    most, least = decode_counts("hpa-utilisation")
    assert most == FLEET
    assert least >= 0.9 * FLEET


@pytest.mark.parametrize("policy", ["heteroscale-fixed", "heteroscale-measured", "independent-tps"])
def test_a_policy_on_decode_tps_follows_the_load_down(policy):
    most, least = decode_counts(policy)
    assert least <= 0.3 * most


@pytest.mark.parametrize("mode", ["heteroscale-fixed", "heteroscale-measured"])
def test_ours_saves_what_the_paper_reports_against_a_static_peak_and_keeps_the_slo(mode):
    ours, peak = played(mode).figures, played("static-peak").figures
    assert 0.35 <= 1 - ours["gpu_hours"] / peak["gpu_hours"] <= 0.47
    assert ours["slo_attainment_frac"] >= 0.99


def test_latency_alone_is_no_primary_signal():
    ours, latency = played("heteroscale-measured").figures, played("latency-only").figures
    assert latency["slo_attainment_frac"] < ours["slo_attainment_frac"] - 0.02


@cache
def with_a_capacity_twice_the_truth(policy: str) -> RunRecord:
    """On a load that triples in two hours."""
    service = chat()
    load = service.spec.load

    def doubled(role: RoleLoad | None) -> RoleLoad:
        assert role is not None
        return replace(
            role, target_per_replica=2 * role.target, capacity_per_replica=2 * (role.capacity_per_replica or 0)
        )

    overstated = replace(load, prefill=doubled(load.prefill), decode=doubled(load.decode))
    spec = replace(service.spec, load=overstated)
    return run_cell(
        cell(policy, rates([30_000.0 + 2000.0 * bin_ for bin_ in range(24)]), service=replace(service, spec=spec))
    )


@pytest.mark.parametrize("mode", ["heteroscale-fixed", "heteroscale-measured"])
def test_the_guards_carry_a_service_whose_capacity_was_overstated_twofold(mode):
    assert with_a_capacity_twice_the_truth(mode).figures["slo_attainment_frac"] >= 0.95


@pytest.mark.parametrize("policy", ["independent-tps", "kthena-band"])
def test_tokens_without_guards_collapse_where_capacity_was_overstated_twofold(policy):
    assert with_a_capacity_twice_the_truth(policy).figures["slo_attainment_frac"] <= 0.3


def test_a_step_of_load_is_recovered_from():
    record = played("heteroscale-measured")
    assert record.figures["recovery_s"] < 900
