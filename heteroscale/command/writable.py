"""Whether a result can be written, asked before the work that makes it."""

from __future__ import annotations

from pathlib import Path


def unwritable(path: Path) -> str:
    """Why the file could not be written; empty if it can."""
    folder = path.resolve().parent
    if not folder.is_dir():
        return f"there is no folder {folder}; make it, or name another file"
    try:
        with path.open("a", encoding="utf-8"):
            return ""
    except OSError as error:
        return f"{error.strerror or error}; name a file that can be written"
