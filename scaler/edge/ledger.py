"""What a restarted process continues from: of every service its last decision and what its policy remembers.

Only what changed is serialised again, and where nothing changed nothing is written. It must never decide anything,
nor know who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from disaggregated_service.core.json_field import UnreadableJson
from disaggregated_service.core.pair import ServiceKey
from scaler.edge.ledger_text import NewerVersion, Record, document_text, entry_text, read_document
from scaler.edge.signal_source import Instant
from scaler.edge.state_file import StateFile

RETIRED_S_MAX = 7 * 86_400.0
"""A name mistyped on Friday and mended on Monday finds its memory again."""
RETIRED_MAX = 500


class CannotPersist(Exception):  # noqa: N818 - it names what happened
    """The state could not be written; what is on disk is what was last persisted."""


@dataclass(frozen=True, slots=True)
class _Kept:
    record: Record
    text: bytes  # its entry in the file, ready to be joined with the others


class Ledger:
    """One process's state file, read once and then only written. Calls of `persist` must not overlap."""

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self._kept: dict[ServiceKey, _Kept] = {}
        self._retired: dict[ServiceKey, float] = {}
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self.sequence = 0
        self.messages: tuple[str, ...] = ()

    @classmethod
    def open(cls, file: StateFile, instant: Instant) -> Ledger:
        """Reads the file. What cannot be used is set aside, never overwritten, and `messages` say so.

        The file is the ledger's from here on, and closed with it. Raises OSError where it cannot be read.
        """
        ledger = cls(file)
        try:
            ledger._load(instant)
        except OSError:
            ledger.close()
            raise
        return ledger

    def record(self, key: ServiceKey) -> Record | None:
        """What is kept of a service, its instants on this process's clock; also of one that was away for a while."""
        kept = self._kept.get(key)
        return None if kept is None else kept.record

    async def persist(
        self, records: Mapping[ServiceKey, Record], *, live: Collection[ServiceKey], sequence: int, instant: Instant
    ) -> None:
        """On disk when this returns, off the event loop meanwhile. Raises CannotPersist; then nothing has changed.

        live: the services that exist now; others are kept for a week, then forgotten.
        """
        changed = {key: record for key, record in records.items() if self._differs(key, record)}
        living = frozenset(live)
        retired = self._retired_now(living, instant.unix_s)
        if not changed and retired.keys() == self._retired.keys() and sequence == self.sequence:
            return
        loop = asyncio.get_running_loop()
        try:
            stay = living | retired.keys()
            kept = {key: one for key, one in self._kept.items() if key in stay}
            kept = await loop.run_in_executor(self._writer, self._write, kept, changed, retired, sequence, instant)
        except OSError as error:
            raise CannotPersist(f"{self._file.path} cannot be written: {error.strerror or error}") from error
        self._kept, self._retired, self.sequence = kept, retired, sequence

    def close(self) -> None:
        """Waits for a write under way, then lets the next process have the file."""
        self._writer.shutdown(wait=True)
        self._file.close()

    def _differs(self, key: ServiceKey, record: Record) -> bool:
        kept = self._kept.get(key)
        return kept is None or not _same(kept.record, record)

    def _retired_now(self, live: frozenset[ServiceKey], unix_s: float) -> dict[ServiceKey, float]:
        since = {key: self._retired.get(key, unix_s) for key in self._kept if key not in live}
        latest = sorted(since.items(), key=lambda one: (-one[1], one[0]))[:RETIRED_MAX]
        return {key: at_s for key, at_s in latest if unix_s - at_s <= RETIRED_S_MAX}

    def _write(
        self,
        kept: dict[ServiceKey, _Kept],
        changed: Mapping[ServiceKey, Record],
        retired: Mapping[ServiceKey, float],
        sequence: int,
        instant: Instant,
    ) -> dict[ServiceKey, _Kept]:
        for key, record in changed.items():
            kept[key] = _Kept(record, entry_text(record, instant))
        self._file.replace(document_text({key: one.text for key, one in kept.items()}, retired, sequence))
        return kept

    def _load(self, instant: Instant) -> None:
        content = self._file.read()
        if content is None:
            return
        try:
            document = read_document(content, instant)
        except (UnreadableJson, NewerVersion) as error:
            kind = "newer" if isinstance(error, NewerVersion) else "damaged"
            aside = self._file.set_aside(kind, instant.unix_s, keep=False)
            self.messages = (f"{self._file.path}: {error}; set aside as {aside}, starting without it",)
            return
        if document.broken:
            aside = self._file.set_aside("damaged", instant.unix_s, keep=True)
            without = "; ".join(document.broken)
            self.messages = (f"{self._file.path}: starting without {without}; a copy is {aside}",)
        self.sequence = document.sequence
        self._kept = {key: _Kept(record, entry_text(record, instant)) for key, record in document.records.items()}
        self._retired = {key: at_s for key, at_s in document.retired.items() if key in self._kept}


def _same(one: Record, other: Record) -> bool:
    """Equal in all that is kept: the need windows are not, and a hold that repeats itself keeps its sequence."""
    if (one.decision and one.decision.sequence) != (other.decision and other.decision.sequence):
        return False
    mine, its = one.memory, other.memory
    return (one.said, mine.in_force, mine.clocks, mine.ready, mine.starting, mine.counts, mine.guards) == (
        other.said,
        its.in_force,
        its.clocks,
        its.ready,
        its.starting,
        its.counts,
        its.guards,
    )
