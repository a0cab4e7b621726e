"""The state file's text: entries of single services, joined into one document, and read back with suspicion.

Ages and the wall time of saving are written, never monotonic instants. It must never touch the disk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.decision_json import decision_from_json, decision_to_json
from disaggregated_service.core.json_field import UnreadableJson, member, number, text, whole
from disaggregated_service.core.pair import Pair, ServiceKey
from scaler.core.memory import Memory
from scaler.core.memory_record import memory_from_data, memory_to_data
from scaler.edge.signal_source import Instant

FAMILY = "heteroscale.dev/state/"
SCHEMA = FAMILY + "v1"


class NewerVersion(Exception):  # noqa: N818 - it names what was found
    """The text is whole, and another version of this program wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One service. said: the pair that an operator once vouched for, None if nobody did."""

    memory: Memory
    decision: Decision | None
    said: Pair | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a text holds. retired: since when (wall clock) a service is gone. broken: entries left out, in words."""

    sequence: int
    records: Mapping[ServiceKey, Record]
    retired: Mapping[ServiceKey, float]
    broken: tuple[str, ...]


def entry_text(record: Record, instant: Instant) -> bytes:
    """One service as it stands in the file."""
    said = record.said
    return _dumped(
        {
            "savedAt": instant.unix_s,
            "said": None if said is None else [said.prefill, said.decode],
            "memory": memory_to_data(record.memory, now_s=instant.now_s),
            "decision": None if record.decision is None else decision_to_json(record.decision),
        }
    )


def document_text(
    entries: Mapping[ServiceKey, bytes], retired: Mapping[ServiceKey, float], sequence: int
) -> Iterator[bytes]:
    """The whole file in pieces: one service a line, so that people can grep it."""
    head = {"schema": SCHEMA, "sequence": sequence, "retired": {str(key): retired[key] for key in sorted(retired)}}
    yield _dumped(head)[:-1] + b',"services":{'
    for turn, key in enumerate(sorted(entries)):
        yield (b",\n" if turn else b"\n") + _dumped(str(key)) + b":" + entries[key]
    yield b"\n}}\n"


def read_document(content: bytes, instant: Instant) -> Document:
    """The records, with their instants on this process's clock; an entry that cannot be used is named and left out.

    Raises UnreadableJson where the text as a whole is none of ours, NewerVersion where its schema is not this one.
    """
    try:
        data = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UnreadableJson("content", f"is no JSON ({error})") from error
    schema = text(data, "schema")
    if schema != SCHEMA and schema.startswith(FAMILY):
        raise NewerVersion(f"schema is {schema[:60]}, this program reads {SCHEMA}")
    if schema != SCHEMA:
        raise UnreadableJson("schema", f'is "{schema[:60]}", not {SCHEMA}')
    records: dict[ServiceKey, Record] = {}
    broken: list[str] = []
    for name, entry in _members(data, "services").items():
        try:
            record = _read_entry(entry, instant)
            entry_text(record, instant)  # a number that cannot be written again would end every later write
        except (ValueError, OverflowError) as error:  # also UnreadableJson and DamagedMemoryError
            broken.append(f"{name[:128]} ({str(error)[:200]})")
        else:
            records[_key(name)] = record
    try:
        retired_at = _members(data, "retired")
        retired = {_key(name): number(retired_at, name, within="retired") for name in retired_at}
    except OverflowError as error:
        raise UnreadableJson("retired", "has a number beyond all numbers") from error
    return Document(sequence=whole(data, "sequence"), records=records, retired=retired, broken=tuple(broken))


def _read_entry(entry: object, instant: Instant) -> Record:
    decision, memory, said = member(entry, "decision"), member(entry, "memory"), member(entry, "said")
    if not isinstance(memory, dict):
        raise UnreadableJson("memory", "is no object")
    elapsed_s = instant.unix_s - number(entry, "savedAt")
    return Record(
        memory=memory_from_data(memory, now_s=instant.now_s, elapsed_s=elapsed_s),
        decision=None if decision is None else decision_from_json(decision),
        said=None if said is None else _read_pair(said),
    )


def _read_pair(data: object) -> Pair:
    match data:
        case [int(prefill), int(decode)]:
            return Pair(prefill, decode)
        case _:
            raise UnreadableJson("said", "is no pair of whole numbers")


def _members(data: object, name: str) -> dict[str, object]:
    value = member(data, name)
    if not isinstance(value, dict):
        raise UnreadableJson(name, "is no object")
    return value


def _key(name: str) -> ServiceKey:
    namespace, _, own = name.partition("/")
    return ServiceKey(namespace, own)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no number")


def _dumped(data: object) -> bytes:
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
