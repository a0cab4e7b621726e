from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from disaggregated_service.core.pair import Pair
from heteroscale.simulator.cell import Sample
from heteroscale.simulator.report import html_report
from heteroscale.simulator.report.data import POINTS_MAX, run
from heteroscale.simulator.study import Study
from tests.simulator.report.made_up import POLICIES, chromium, opened, study

NAME = "<i>load</i> & 'more'"


@pytest.fixture(scope="module")
def made_up() -> Study:
    return study(trace_name=NAME)


@pytest.fixture(scope="module")
def file(made_up: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_report(made_up), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, True)])
def test_a_browser_without_a_network_draws_every_chart_and_complains_of_nothing(
    browser: Browser, file: Path, width: int, dark: bool
):
    with opened(browser, file, width=width, dark=dark) as it:
        page = it.page
        assert it.complaints == []
        assert page.locator("#pareto .point").count() >= len(POLICIES)
        assert page.locator("#run .scatterlayer path.js-line").count() >= 8
        assert page.locator("#run .point").count() > 0  # pools that were resized
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        for chart in ("#pareto", "#run"):
            box = page.locator(f"{chart} .main-svg").first.bounding_box()
            assert box is not None
            assert 0.75 * width < box["width"] <= width
        small = "[...document.querySelectorAll('svg text, td, th, p')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 10).length"
        assert page.evaluate(small) == 0


def test_a_decision_says_its_reason_beneath_the_pointer(browser: Browser, file: Path):
    with opened(browser, file, width=1280) as it:
        page = it.page
        chart = page.locator("#run")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        at = page.evaluate(
            "() => { const chart = document.getElementById('run'), axes = chart._fullLayout;"
            " const moves = chart.data.find((one) => one.name === 'resized' && one.yaxis === 'y3');"
            " return [axes.xaxis._offset + axes.xaxis.d2p(moves.x[0]), axes.yaxis3._offset + axes.yaxis3.d2p(moves.y[0])]; }"
        )
        page.mouse.move(box["x"] + at[0], box["y"] + at[1])
        page.wait_for_selector("#run .hoverlayer .legend")
        assert "load_out" in (page.locator("#run .hoverlayer").text_content() or "")


def test_another_policy_can_be_looked_at(browser: Browser, file: Path):
    wanted = "document.getElementById('run').data.find((one) => one.name === 'wanted').y.map(Number)"
    with opened(browser, file, width=1280) as it:
        assert len(set(it.page.evaluate(wanted))) > 1
        it.page.select_option("#policy", "static-peak")
        assert len(set(it.page.evaluate(wanted))) == 1
        assert it.complaints == []


def test_what_a_user_named_is_text_and_never_markup(browser: Browser, file: Path):
    with opened(browser, file, width=1280) as it:
        assert NAME in (it.page.locator("h1").text_content() or "")
        assert it.page.locator("h1 i").count() == 0


def test_the_table_needs_no_script_and_has_every_policy(file: Path):
    html = file.read_text(encoding="utf-8")
    table = html[html.index("<table>") : html.index("</table>")]
    assert [policy for policy in POLICIES if policy not in table] == []
    assert "knows the future" in table
    assert "±" in table


def test_the_same_study_gives_the_same_bytes_and_they_are_few(made_up: Study, file: Path):
    assert html_report(made_up) == file.read_text(encoding="utf-8")
    assert file.stat().st_size < 3_000_000


def test_the_data_holds_no_number_that_json_has_no_word_for(file: Path):
    found = re.search(r'id="data">(.*?)</script>', file.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    data = json.loads(found[1], parse_constant=pytest.fail)
    assert data["sloMs"] == {"ttft": 2500.0, "tbt": 25.0}
    assert set(data["runs"]) == set(POLICIES)


def test_a_long_run_is_thinned_to_a_screens_width_without_losing_its_worst_minute(made_up: Study):
    record = next(iter(made_up.records.values()))[0]
    calm = Sample(
        at_s=60.0,
        wanted=Pair(2, 2),
        ready=Pair(2, 2),
        input_tps=1.0,
        output_tps=1.0,
        ttft_ms_p90=float("nan"),
        tbt_ms_p90=9.0,
        reason="",
    )
    samples = [replace(calm, at_s=60.0 * minute) for minute in range(1, 20_161)]
    samples[777] = replace(samples[777], ttft_ms_p90=123_456.0)
    drawn = run(replace(record, samples=tuple(samples)), from_s=0.0)
    hours, ttft = drawn["hours"], drawn["ttft"]
    assert isinstance(hours, list)
    assert isinstance(ttft, list)
    assert len(hours) <= POINTS_MAX
    assert hours[-1] == 336.0
    assert [value for value in ttft if value is not None] == [123_500.0]
