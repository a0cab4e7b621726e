"""What docs/placement.md shows is what the program prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from heteroscale.command.main import main

ROOT = Path(__file__).parents[2]
TRAILING = re.compile(r" +$", re.MULTILINE)


def shown() -> Iterator[tuple[str, str]]:
    """Every command of the page with what stands below it; a line that ends in a backslash goes on."""
    for block in re.findall(
        r"```console\n(.*?)```", (ROOT / "docs/placement.md").read_text(encoding="utf-8"), re.DOTALL
    ):
        for part in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output.rstrip()


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("at_root")
def test_the_worked_example_is_what_the_program_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.yaml"
    checked: list[str] = []
    for command, output in shown():
        words = [str(plan) if word == "plan.yaml" else word for word in shlex.split(command.partition(" > ")[0])]
        if words[0] == "cat":
            found = plan.read_text(encoding="utf-8")
            found = found[found.index("status:") :]
        else:
            assert main(words[1:]) == 0
            out, err = capsys.readouterr()
            if " > " in command:
                plan.write_text(out, encoding="utf-8")
            found = err if " > " in command else out
        assert TRAILING.sub("", found).rstrip() == output
        checked.append(words[0] if words[0] == "cat" else words[1])
    assert checked == ["topology", "plan", "cat", "place"]
