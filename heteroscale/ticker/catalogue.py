"""The services to look after, read again whenever their files change.

A broken edit never takes a service away nor stops the others: its last good version stays in use, and that is said
once, counted, and repeated by every later edit that does not mend it. It must never know what a spec means.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from disaggregated_service.core.fault import Fault, InvalidServices
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.edge.folder import SUFFIXES, ServicesRead, keep_last_good, read_services

log = logging.getLogger(__name__)

Check = Callable[[DisaggregatedService], Sequence[Fault]]
"""Faults of a valid service that only this program, with the way it was started, can see."""

FAULTS_SHOWN_MAX = 20

Fingerprint = tuple[tuple[str, int, int, int], ...]


class ReloadObserver(Protocol):
    """Who counts the edits that could not be used."""

    def reload_failed(self) -> None: ...


class Catalogue:
    """Made by `open_catalogue`; `refresh` before each tick."""

    def __init__(
        self, path: Path, read: ServicesRead, seen: Fingerprint, check: Check, observer: ReloadObserver
    ) -> None:
        self._path = path
        self._read = read
        self._seen = seen
        self._check = check
        self._observer = observer

    @property
    def services(self) -> tuple[DisaggregatedService, ...]:
        return self._read.services

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Of the files as they are now; while there are any, some service may be older than its file."""
        return self._read.faults

    async def refresh(self) -> None:
        """Looks whether a file was changed, added or removed and reads all of them if so. Never raises for content."""
        seen = await asyncio.to_thread(_fingerprint, self._path)
        if seen == self._seen:
            return
        # Taken before reading: a file that changes meanwhile is read once more at the next look.
        read = await asyncio.to_thread(_checked, self._path, self._check)
        before, self._seen = self._read, seen
        self._read = keep_last_good(before, read)
        _say_difference(before, self._read)
        if read.faults:
            self._observer.reload_failed()
            if read.faults != before.faults:
                _say_faults(read.faults, "the last good version of these services stays in use")
        elif before.faults:
            log.info("the service files are whole again")


def open_catalogue(path: Path, check: Check, observer: ReloadObserver) -> Catalogue:
    """The catalogue of a file or folder.

    Raises InvalidServices with every fault where no service is left to look after. One broken file among others must
    not keep all of them from starting: a restart would then freeze every pool.
    """
    seen = _fingerprint(path)
    read = _checked(path, check)
    if read.faults and not read.services:
        raise InvalidServices(read.faults)
    if read.faults:
        observer.reload_failed()
        _say_faults(read.faults, "a service with faults is not looked after")
    for note in read.notes:
        log.info("%s", note)
    return Catalogue(path, read, seen, check, observer)


def _checked(path: Path, check: Check) -> ServicesRead:
    read = read_services(path)
    faults = {service.key: tuple(check(service)) for service in read.services}
    refused = frozenset(key for key, found in faults.items() if found)
    if not refused:
        return read
    located = [
        replace(fault, source=fault.source or f"{read.origins[key]} ({key})")
        for key in sorted(refused)
        for fault in faults[key]
    ]
    return replace(
        read,
        services=tuple(service for service in read.services if service.key not in refused),
        faults=(*read.faults, *located),
        broken=read.broken | refused,
    )


def _fingerprint(path: Path) -> Fingerprint:
    """Of the path itself and of the files that would be read. Follows links: that is how a ConfigMap changes."""
    try:
        files = [path]
        if path.is_dir():
            files += sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    except OSError as error:
        return ((str(path), -1, error.errno or 0, 0),)
    return tuple(_seen(file) for file in files)


def _seen(file: Path) -> tuple[str, int, int, int]:
    try:
        found = file.stat()
    except OSError as error:
        return (str(file), -1, error.errno or 0, 0)
    return (str(file), found.st_mtime_ns, found.st_size, found.st_ino)


def _say_difference(before: ServicesRead, now: ServicesRead) -> None:
    old = {service.key: service for service in before.services}
    new = {service.key: service for service in now.services}
    for key in sorted(new.keys() - old.keys()):
        log.info("%s is new", key)
    for key in sorted(old.keys() - new.keys()):
        log.info("%s is gone; what is remembered of it is kept for a week", key)
    for key in sorted(new.keys() & old.keys()):
        if new[key] != old[key]:
            log.info("%s has a changed spec", key)


def _say_faults(faults: Sequence[Fault], and_so: str) -> None:
    for fault in faults[:FAULTS_SHOWN_MAX]:
        log.error("%s", fault)
    more = len(faults) - FAULTS_SHOWN_MAX
    and_more = f"; {more} more faults not shown" if more > 0 else ""
    log.error("%s%s", and_so, and_more)
