"""How a part of the tests that this machine cannot run says so, instead of passing unseen.

A test that needs a program asks for it here. conftest.py prints what was not run as the last lines of the
session, and fails the session where HETEROSCALE_REQUIRE_ALL=1 says that everything must run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE_ALL = "HETEROSCALE_REQUIRE_ALL"

# One list a process: pytest's report hooks and the tests share it by importing this module.
NOT_RUN: dict[str, str] = {}


def needs_program(name: str, how_to_get_it: str) -> Path:
    """Return the path of a program on PATH, or skip the test and record that its part was not run."""
    found = shutil.which(name)
    if found is None:
        not_run(name, f"no program {name} on PATH; {how_to_get_it}")
    return Path(found)


def not_run(part: str, why: str) -> NoReturn:
    """Record that a part of the tests cannot run on this machine, and skip the test that asked."""
    NOT_RUN[part] = why
    pytest.skip(f"{part}: {why}")


def everything_is_required(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a part that was not run is a failure, as it is in CI."""
    return environment.get(REQUIRE_ALL, "") == "1"


def last_lines() -> list[str]:
    """Return what the session says at its very end: one line a part that was not run."""
    lines = [f"not run on this machine: {part}: {why}" for part, why in sorted(NOT_RUN.items())]
    if lines and everything_is_required():
        lines.append(f"{REQUIRE_ALL}=1: what was not run on this machine counts as failed")
    return lines
