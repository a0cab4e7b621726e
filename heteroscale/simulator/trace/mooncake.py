"""Mooncake's JSON lines: one request a line, with a timestamp in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Iterable

from heteroscale.simulator.trace.recorded import RequestTrace, TraceError, request_trace
from heteroscale.simulator.trace.rows import number, tokens

FIELDS = ("timestamp", "input_length", "output_length")


def read_mooncake(lines: Iterable[str]) -> RequestTrace:
    """Read objects with the fields of `FIELDS`; others (hash_ids) are not used.

    Raises TraceError for a line that is no such object, a missing or negative value, and times that fall.
    """
    return request_trace([_request(text, line) for line, text in enumerate(lines, start=1) if text.strip()])


def _request(text: str, line: int) -> tuple[int, float, int, int]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise TraceError(f"line {line}: not JSON; write one object a line with {', '.join(FIELDS)}") from None
    if not isinstance(found, dict):
        raise TraceError(f"line {line}: not an object; it needs {', '.join(FIELDS)}")
    missing = [field for field in FIELDS if field not in found]
    if missing:
        raise TraceError(f"line {line}: no {', '.join(missing)}; a request needs {', '.join(FIELDS)}")
    at_ms, prompt, answer = (found[field] for field in FIELDS)
    return (
        line,
        number(at_ms, FIELDS[0], line) / 1000,
        tokens(prompt, FIELDS[1], line),
        tokens(answer, FIELDS[2], line),
    )
