"""One file on disk, written by one process: replaced whole or not at all, never destroyed, never shared.

It must never know what the bytes mean. Failures are `OSError`; `StateInUse` is the caller's fault.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

STATE_BYTES_MAX = 512 * 1024 * 1024  # two thousand services come to 30 MB; a wrong file must not fill the memory


class StateInUse(Exception):  # noqa: N818 - it names what was found
    """Another process holds the file."""


class StateFile:
    """Holds a lock beside the file from construction to `close`; the lock file itself is empty and stays."""

    def __init__(self, path: Path) -> None:
        """Raises StateInUse where another process holds it, OSError where the folder cannot be written."""
        self.path = path
        self._lock = os.open(_beside(path, ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            raise StateInUse(f"{path} is in use by another process") from error

    def read(self) -> bytes | None:
        """The content, None where there is no file yet. Raises OSError, also for a file beyond all reason."""
        try:
            with self.path.open("rb") as stream:
                content = stream.read(STATE_BYTES_MAX + 1)
        except FileNotFoundError:
            return None
        if len(content) > STATE_BYTES_MAX:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(self.path))
        return content

    def replace(self, chunks: Iterable[bytes]) -> None:
        """The new content, on disk when this returns. A reader, or a crash at any moment, finds the old or the new."""
        temporary = _beside(self.path, ".new")
        try:
            with temporary.open("wb") as stream:
                stream.writelines(chunks)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.path.parent)

    def set_aside(self, why: str, unix_s: float, *, keep: bool) -> Path:
        """Where it now lies, under a name of its own. keep: a copy, and the file stays."""
        at = datetime.fromtimestamp(unix_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = _beside(self.path, f".{why}-{at}")
        turn = 1
        while aside.exists():
            turn += 1
            aside = _beside(self.path, f".{why}-{at}-{turn}")
        if keep:
            shutil.copy2(self.path, aside)
        else:
            self.path.rename(aside)
        return aside

    def close(self) -> None:
        """Gives the file to the next process."""
        os.close(self._lock)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync_folder(folder: Path) -> None:
    """Without it the new name may be lost with the power, though not the old content."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
