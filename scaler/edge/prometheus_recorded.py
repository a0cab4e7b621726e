"""A server's past, answered instant by instant: each expression is fetched for an hour's ticks in one exchange.

A range query evaluates an expression at each of its steps exactly as an instant query would, so whoever asks through
this cannot tell it from asking live. What it must never do is take today's trouble with the server for a gap in what
the server recorded: that ends the reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar

from scaler.core.observation import Absent, Why
from scaler.edge.prometheus_query import Answer, History, Instants, PrometheusQuery, Row

T = TypeVar("T")

TICKS_AT_ONCE = 240
"""An hour of 15 s. Prometheus refuses more than 11,000 points a series."""

ABOUT_THE_QUERY = re.compile(r"(?!HTTP )|HTTP (400|422)\b")
"""Refusals that would have been given then, too; any other status is about the server as it is now."""


class RecordUnavailable(Exception):  # noqa: N818 - it names what the record is
    """The server cannot be asked; the message is its own, or ours in its place."""


@dataclass(slots=True)
class RecordedQuery:
    """Implements `scaler.edge.prometheus_source.Query` over the instants of `ticks`, asked in their order."""

    query: PrometheusQuery
    ticks: Instants
    _fetched: dict[str, tuple[int, History | Absent]] = field(default_factory=dict)

    async def ask(self, promql: str, *, at_unix_s: float | None, within_s: float) -> Answer:
        """Rows at one of the ticks. Raises RecordUnavailable where the server cannot be asked."""
        if at_unix_s is None:  # the server's own time, which the past does not need
            return (Row({}, 0.0),)
        at = round(at_unix_s)
        part = (at - self.ticks.from_unix_s) // (self.ticks.step_s * TICKS_AT_ONCE)
        known = self._fetched.get(promql)
        if known is None or known[0] != part:
            known = (part, _or_raise(await self.query.ask_range(promql, at=self._part(part), within_s=within_s)))
            self._fetched[promql] = known
        history = known[1]
        if not isinstance(history, Absent):
            return history.get(at, ())
        if history.why is Why.ANSWER_TOO_LARGE:  # one instant may still fit
            return _or_raise(await self.query.ask(promql, at_unix_s=at_unix_s, within_s=within_s))
        return history

    def close(self) -> None:
        self.query.close()

    def _part(self, part: int) -> Instants:
        span_s = self.ticks.step_s * TICKS_AT_ONCE
        from_unix_s = self.ticks.from_unix_s + part * span_s
        return Instants(
            from_unix_s=from_unix_s,
            until_unix_s=min(self.ticks.until_unix_s, from_unix_s + span_s - self.ticks.step_s),
            step_s=self.ticks.step_s,
        )


def _or_raise(answer: T | Absent) -> T | Absent:
    if isinstance(answer, Absent):
        today = answer.why in {Why.SOURCE_DOWN, Why.SOURCE_SLOW}
        if today or (answer.why is Why.SOURCE_REFUSED and not ABOUT_THE_QUERY.match(answer.detail)):
            raise RecordUnavailable(f"{answer.why.value.removeprefix('source_')}: {answer.detail}")
    return answer
