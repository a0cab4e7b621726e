import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
A_PART_THAT_CANNOT_RUN = """
from tests.capability import needs_program

def test_here():
    pass

def test_elsewhere():
    needs_program("no-such-program", "it is made up")
"""
SAID = "not run on this machine: no-such-program: no program no-such-program on PATH; it is made up"


def run(folder: Path, text: str, *, require_all: bool) -> tuple[int, list[str]]:
    """Run a session with the project's own conftest over one test file; return its exit code and lines."""
    (folder / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            str(folder),
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "HETEROSCALE_REQUIRE_ALL": "1" if require_all else "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_a_part_that_cannot_run_is_named_in_the_last_line(tmp_path: Path) -> None:
    status, lines = run(tmp_path, A_PART_THAT_CANNOT_RUN, require_all=False)
    assert (status, lines[-1]) == (0, SAID)
    assert any("1 passed, 1 skipped" in line for line in lines)


def test_a_part_that_cannot_run_fails_the_session_where_all_is_required(tmp_path: Path) -> None:
    status, lines = run(tmp_path, A_PART_THAT_CANNOT_RUN, require_all=True)
    assert status == 1
    assert lines[-2:] == [
        SAID,
        "HETEROSCALE_REQUIRE_ALL=1: what was not run on this machine counts as failed",
    ]


@pytest.mark.parametrize("require_all", [False, True])
def test_a_session_that_ran_everything_says_nothing(tmp_path: Path, require_all: bool) -> None:
    status, lines = run(tmp_path, "def test_here():\n    pass\n", require_all=require_all)
    assert status == 0
    assert not any("not run on this machine" in line for line in lines)


def test_a_failure_stays_a_failure(tmp_path: Path) -> None:
    status, _ = run(tmp_path, A_PART_THAT_CANNOT_RUN + "\ndef test_wrong():\n    assert False\n", require_all=True)
    assert status == 1
