"""A file that is read again when it changed. It must never know what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Stamp = tuple[int, int, int]
"""Modification time (ns), size and inode: a ConfigMap's file is another inode behind the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """New content. written_unix_s: when the file was written."""

    text: str
    written_unix_s: float


@dataclass(frozen=True, slots=True)
class Unchanged:
    """As it was at the last look."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why, with the remedy left to the caller."""

    why: str


class WatchedFile:
    """Remembers what the file looked like when it was last read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: Stamp | None = None

    def look(self) -> Changed | Unchanged | Unreadable:
        """Blocks for as long as reading takes."""
        try:
            with self.path.open(encoding="utf-8-sig") as file:
                stat = self.path.stat()
                stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                if stamp == self._stamp:
                    return Unchanged()
                text = file.read()
        except OSError as error:
            return Unreadable(f"cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            return Unreadable(f"is not UTF-8 (byte {error.start})")
        self._stamp = stamp
        return Changed(text=text, written_unix_s=stat.st_mtime)
