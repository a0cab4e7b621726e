"""Azure's CSV of single requests: a timestamp and the tokens of context and answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from heteroscale.simulator.trace.recorded import RequestTrace, TraceError, request_trace
from heteroscale.simulator.trace.rows import rows_of, tokens

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


def read_azure(lines: Iterable[str]) -> RequestTrace:
    """Read CSV lines with the columns of `COLUMNS`; a timestamp without a zone is taken as UTC.

    Raises TraceError for a missing column, a value that is no timestamp or no count, and times that fall.
    """
    rows = [
        (
            line,
            _unix_s(row[COLUMNS[0]], line),
            tokens(row[COLUMNS[1]], COLUMNS[1], line),
            tokens(row[COLUMNS[2]], COLUMNS[2], line),
        )
        for line, row in rows_of(lines, COLUMNS)
    ]
    return request_trace(rows)


def _unix_s(text: str | None, line: int) -> float:
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise TraceError(f"line {line}: TIMESTAMP is {text!r}, not a time as 2023-11-16 18:17:03.9799600") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
