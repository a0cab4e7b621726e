"""A store of certificates in a folder: `current` points to the newest version, and is switched in one step.

Two files renamed one after the other would let a reader, or a crash, meet a certificate without its key.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

CURRENT = "current"
_PREFIX = "version-"
FILE_BYTES_MAX = 1_048_576


class CertificateFolder:
    """For one process: two that rotate the same folder would each believe in another authority."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def current(self) -> Path:
        """The folder in which tls.crt, tls.key and ca.crt are found."""
        return self._folder / CURRENT

    def load(self) -> Mapping[str, bytes]:
        """Every file of the current version, by name."""
        if not self.current.is_dir():
            return {}
        return {path.name: _contents(path) for path in sorted(self.current.iterdir()) if path.is_file()}

    def save(self, pieces: Mapping[str, bytes]) -> None:
        """Write a new version beside the old one, point to it, then remove what nobody points to."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        version = Path(mkdtemp(prefix=_PREFIX, dir=self._folder))  # for its owner's eyes only
        for name, piece in pieces.items():
            (version / name).write_bytes(piece)
        pointer = self._folder / f"{version.name}.pointer"
        pointer.symlink_to(version.name)
        pointer.replace(self.current)
        for old in self._folder.glob(f"{_PREFIX}*"):
            if old.is_dir() and not old.is_symlink() and old.name != version.name:
                shutil.rmtree(old, ignore_errors=True)


def _contents(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX)
