"""Many small PromQL expressions asked as few queries.

A union of all services' expressions for one signal costs the server a third of asking them one by one. Each part
carries a label that tells its rows apart (`rate()` drops the name, so the name cannot). This file must never know
what a part means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from scaler.core.observation import Absent, Why
from scaler.edge.prometheus_query import Answer, Row

PART_LABEL = "heteroscale_part"
PARTS_MAX = 24
"""The server walks the union once per `or`, so its cost grows with the square of the parts."""
QUERY_CHARS_MAX = 16 * 1024

K = TypeVar("K", bound=Hashable)


class Ask(Protocol):
    """One query, already bound to the tick's instant and deadline."""

    async def __call__(self, promql: str) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Part(Generic[K]):
    """One expression and the key under which its rows are wanted. alone: never joined with others."""

    key: K
    promql: str
    group: str
    alone: bool = False


@dataclass(slots=True)
class Batcher(Generic[K]):
    """Packs parts by group. A part whose query failed is asked alone until it succeeds, so that one service's
    mistake (a matcher that does not parse, a million series) costs its neighbours nothing. Parts that are only
    together too large are asked alone from then on."""

    _refused: set[K] = field(default_factory=set)
    _large: set[K] = field(default_factory=set)

    async def ask(self, parts: Sequence[Part[K]], ask: Ask) -> Mapping[K, Answer]:
        """The answer to each part."""
        self._refused &= {part.key for part in parts}
        self._large &= {part.key for part in parts}
        apart = self._refused | self._large
        queries = list(_packed(parts, lambda part: part.alone or part.key in apart))
        answers: dict[K, Answer] = {}
        for packed in await asyncio.gather(*(self._together(query, ask) for query in queries)):
            answers.update(packed)
        refused = {key for key, answer in answers.items() if _is_its_own_fault(answer)}
        self._refused = (self._refused - answers.keys()) | refused
        return answers

    async def _together(self, query: Sequence[Part[K]], ask: Ask) -> Mapping[K, Answer]:
        if len(query) == 1:
            return {query[0].key: await ask(query[0].promql)}
        rows = await ask(_union(query))
        answer = rows if isinstance(rows, Absent) else _told_apart(query, rows)
        if not isinstance(answer, Absent):
            return answer
        if not _is_its_own_fault(answer):  # down or slow: asking more would not help
            return dict.fromkeys((part.key for part in query), answer)
        single = await asyncio.gather(*(ask(part.promql) for part in query))
        if answer.why is Why.ANSWER_TOO_LARGE and not any(map(_is_its_own_fault, single)):
            self._large |= {part.key for part in query}
        return {part.key: its for part, its in zip(query, single, strict=True)}


def _is_its_own_fault(answer: Answer) -> bool:
    return isinstance(answer, Absent) and answer.why in {Why.SOURCE_REFUSED, Why.ANSWER_TOO_LARGE}


def _union(query: Sequence[Part[K]]) -> str:
    return " or ".join(
        f'label_replace({part.promql}, "{PART_LABEL}", "{index}", "", "")' for index, part in enumerate(query)
    )


def _told_apart(query: Sequence[Part[K]], rows: Iterable[Row]) -> Mapping[K, Answer] | Absent:
    """The rows of each part. A row without our label belongs to nobody, and then nothing of the answer is believed."""
    sorted_out: list[list[Row]] = [[] for _ in query]
    parts = {str(index): index for index in range(len(query))}
    for row in rows:
        labels = dict(row.labels)
        part = parts.get(labels.pop(PART_LABEL, ""))
        if part is None:
            return Absent(Why.SOURCE_REFUSED, f"a row without the label {PART_LABEL} that was asked for")
        sorted_out[part].append(Row(labels, row.value))
    return {part.key: tuple(its) for part, its in zip(query, sorted_out, strict=True)}


def _packed(parts: Sequence[Part[K]], alone: Callable[[Part[K]], bool]) -> Iterable[Sequence[Part[K]]]:
    open_queries: dict[str, list[Part[K]]] = {}
    for part in parts:
        if alone(part):
            yield (part,)
            continue
        query = open_queries.setdefault(part.group, [])
        if len(query) == PARTS_MAX or sum(len(one.promql) for one in query) > QUERY_CHARS_MAX:
            yield query
            query = open_queries[part.group] = []
        query.append(part)
    yield from (query for query in open_queries.values() if query)
