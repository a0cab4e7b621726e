"""How long an answer may take: the API server says how long it waits, in `?timeout=2s`.

An answer after that is a failure to it; one in time, but without a patch, is an admission.
"""

from __future__ import annotations

import re

DEFAULT_S = 2.0  # what our own webhook configuration asks for
TIMEOUT_S_MAX = 30.0  # the API server's own limit
MARGIN_S = 0.3  # for the way back
MARGIN_FRAC_MAX = 0.5  # of a timeout so short that the margin would eat it

_GO_DURATION = re.compile(r"(?:(?P<minutes>\d{1,3})m)?(?:(?P<seconds>\d{1,5}(?:\.\d{1,9})?)s)?")
_GO_MILLISECONDS = re.compile(r"(?P<milliseconds>\d{1,6}(?:\.\d{1,6})?)ms")


def time_to_answer_s(timeout: str) -> float:
    """From a request's arrival. timeout: as Go prints a duration (2s, 1m30s, 500ms); anything else is the default."""
    timeout_s = min(_parsed_s(timeout) or DEFAULT_S, TIMEOUT_S_MAX)
    return timeout_s - min(MARGIN_S, timeout_s * MARGIN_FRAC_MAX)


def _parsed_s(timeout: str) -> float:
    if match := _GO_MILLISECONDS.fullmatch(timeout):
        return float(match["milliseconds"]) / 1000
    match = _GO_DURATION.fullmatch(timeout)
    return 0.0 if match is None else 60 * float(match["minutes"] or 0) + float(match["seconds"] or 0)
