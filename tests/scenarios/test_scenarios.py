"""Every scenario file, in every equivalent form."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.run import FORMS, Form, run
from tests.scenarios.scenario import FOLDER, joined, read, split

FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name.replace(" ", "_"))
def test_the_scenario_goes_as_its_file_expects(path: Path, form: Form) -> None:
    scenario = read(path)
    lines = run(scenario, form)
    if os.environ.get("REWRITE_SCENARIOS") == "1" and form is FORMS[0]:
        path.write_text(joined(split(path.read_text())[0], "\n".join(lines)))
        return
    assert "\n".join(lines) == scenario.expected


def test_there_are_at_least_thirty_of_them() -> None:
    assert len(FILES) >= 30


def test_a_broken_expectation_can_still_be_rewritten() -> None:
    head, expected = split("scenario: x\nwhy: y\nexpect: |\n  0s  : [{ not yaml\n")
    assert (head, expected) == ("scenario: x\nwhy: y", "0s  : [{ not yaml")
    assert joined(head, "0s    2P 4D  within_band").endswith("expect: |\n  0s    2P 4D  within_band\n")
