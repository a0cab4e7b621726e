"""What every test session does: it ends by saying which parts this machine could not run."""

from __future__ import annotations

import pytest

from tests import capability


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that skipped a part where everything is required."""
    if capability.NOT_RUN and capability.everything_is_required() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the parts that were not run, after pytest's own closing line."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        for line in capability.last_lines():
            reporter.write_line(line, yellow=True)
