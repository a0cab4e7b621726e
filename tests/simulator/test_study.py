from __future__ import annotations

import json
from dataclasses import replace

import pytest

from heteroscale.simulator.arrivals import LoadShape
from heteroscale.simulator.executor import InThisProcess, Processes, local_executor
from heteroscale.simulator.interval import Interval
from heteroscale.simulator.policy.registry import parse_choice
from heteroscale.simulator.study import OVER_ORACLE, StudySpec, dominates, pareto_front, run_study, study_json
from heteroscale.simulator.world.start_up import StartUp
from tests.simulator.cells import ENGINE, chat, rates

LOAD = rates([20_000.0, 60_000.0, 20_000.0])


def spec(*policies: str, seeds: int = 2) -> StudySpec:
    return StudySpec(
        service=chat(),
        trace=LOAD,
        trace_name="made up",
        shape=LoadShape(scale=1.0),
        prefill=ENGINE,
        decode=ENGINE,
        engine_name=ENGINE.name,
        policies=tuple(parse_choice(policy) for policy in policies),
        seeds=seeds,
        until_s=900.0,
        start_up=StartUp(),
    )


def test_one_worker_and_two_give_the_same_bytes():
    asked = spec("heteroscale-measured", "kthena-band")
    workers = Processes(2)
    try:
        parallel = run_study(asked, workers)
    finally:
        workers.close()
    alone = run_study(asked, InThisProcess())
    assert json.dumps(study_json(alone)) == json.dumps(study_json(parallel))
    assert alone.records == parallel.records


def test_every_policy_sees_the_same_requests_of_each_seed():
    study = run_study(spec("static-peak", "dynamo"), InThisProcess())
    counts = [[record.figures["requests"] for record in records] for records in study.records.values()]
    assert counts[0] == counts[1]
    assert counts[0][0] != counts[0][1]


def test_the_json_has_the_shape_that_is_promised():
    study = run_study(spec("static-peak", "oracle", seeds=1), InThisProcess())
    document = study_json(study)
    assert document["trace"] == "made up"
    assert document["engine"] == ENGINE.name
    assert document["seeds"] == 1
    row = document["policies"]["static-peak"]  # type: ignore[index]
    promised = {
        "slo_attainment_frac", "goodput_per_gpu_hour", "gpu_hours", "ttft_ms_p50", "ttft_ms_p99", "tbt_ms_p50",
        "tbt_ms_p99", "ratio_error_mean", "actions_per_hour", "prefill_gpu_util_mean", "decode_gpu_util_mean",
        "gpu_hours_over_oracle",
    }  # fmt: skip
    assert promised <= row.keys()
    assert all(set(figure) == {"mean", "low", "high"} for figure in row.values())
    assert json.loads(json.dumps(document)) == document


def test_gpu_hours_over_the_oracle_are_taken_seed_by_seed():
    study = run_study(spec("static-peak", "oracle"), InThisProcess())
    assert study.table["oracle"][OVER_ORACLE] == Interval(1.0, 1.0, 1.0)
    assert study.table["static-peak"][OVER_ORACLE].low > 1


def test_without_the_oracle_nothing_is_measured_against_it():
    study = run_study(spec("static-peak", seeds=1), InThisProcess())
    assert OVER_ORACLE not in study.table["static-peak"]


def test_the_watcher_is_told_of_every_run_in_order():
    told: list[tuple[int, int, str]] = []
    asked = spec("static-peak", "static-p95")
    run_study(
        asked, InThisProcess(), watch=lambda done, total, record: told.append((done, total, record.cell.policy.name))
    )
    assert told == [(1, 4, "static-peak"), (2, 4, "static-p95"), (3, 4, "static-peak"), (4, 4, "static-p95")]


def row(attained: tuple[float, float], cost: tuple[float, float]) -> dict[str, Interval]:
    def around(ends: tuple[float, float]) -> Interval:
        return Interval(sum(ends) / 2, *ends)

    return {"slo_attainment_frac": around(attained), "gpu_hours": around(cost)}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (row((0.99, 1.0), (90, 95)), row((0.99, 1.0), (100, 110)), True),
        (row((0.99, 1.0), (90, 105)), row((0.99, 1.0), (100, 110)), False),
        (row((0.98, 0.985), (90, 95)), row((0.99, 1.0), (100, 110)), False),
        (row((0.99, 1.0), (100, 110)), row((0.90, 0.92), (100, 110)), True),
        (row((0.99, 1.0), (120, 130)), row((0.90, 0.92), (100, 110)), False),
    ],
    ids=["cheaper", "perhaps cheaper", "cheaper and worse", "better", "better and dearer"],
)
def test_one_policy_dominates_another_only_where_the_intervals_say_so(one, other, expected):
    assert dominates(one, other) is expected


def test_the_oracle_pushes_nobody_off_the_front():
    study = run_study(spec("static-peak", "oracle", seeds=1), InThisProcess())
    assert pareto_front(study) == ("static-peak",)


def test_one_worker_needs_no_machinery():
    assert isinstance(local_executor(1), InThisProcess)
    with pytest.raises(ValueError, match="at least 1"):
        local_executor(0)


def test_two_settings_of_one_policy_are_two_rows():
    study = run_study(replace(spec("dynamo", "dynamo:demand_factor=1.5", seeds=1)), InThisProcess())
    assert list(study.table) == ["dynamo", "dynamo:demand_factor=1.5"]
