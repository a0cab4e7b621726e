"""Services from a file, a file of many documents or a folder: the embedded default, without a cluster.

A broken file must not hide the good ones, nor make a service vanish: what is known of the broken ones is
reported beside the faults, and `keep_last_good` holds on to their last good version. This file must never
know a rule of the spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from disaggregated_service.core.fault import Fault, located
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.edge.manifest import PROFILE_KIND, is_ours, service_in
from disaggregated_service.edge.yaml_text import TEXT_BYTES_MAX, Document, read_text

SERVICES_MAX = 2_000
FILES_MAX = 4_000
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesRead:
    """All that a path holds.

    services: the valid ones, by key. origins: the file of each. broken: keys of objects that are there but
    invalid. broken_files: files in which something could not be read, so that services may be missing.
    notes: objects that were left aside, in words.
    """

    services: tuple[DisaggregatedService, ...] = ()
    faults: tuple[Fault, ...] = ()
    origins: Mapping[ServiceKey, str] = field(default_factory=dict)
    broken: frozenset[ServiceKey] = frozenset()
    broken_files: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def read_services(path: Path) -> ServicesRead:
    """Reads a file, or the `*.yaml` and `*.yml` of a folder in order of name, hidden ones left out.

    Never raises for bad content or an unreadable path: that is a fault.
    """
    try:
        files = _files(path)
    except OSError as error:
        return _nothing(path, f"cannot be read: {error.strerror}", "name a YAML file, or a folder of them")
    if len(files) > FILES_MAX:
        return _nothing(path, f"holds {len(files)} files", f"keep at most {FILES_MAX} in one folder")
    gathering = _Gathering()
    for file in files:
        if file != path and file.exists() and not file.is_file():  # a pipe would never end
            wrong, right = "is no file", "move it elsewhere, or put the file back"
            gathering.faults.append(Fault(path="file", wrong=wrong, right=right, source=str(file)))
        else:
            _read_file(file, gathering)
    services = sorted(gathering.services.values(), key=lambda service: service.key)
    if len(services) > SERVICES_MAX:
        return _nothing(path, f"holds {len(services)} services", f"keep at most {SERVICES_MAX} in one process")
    return ServicesRead(
        services=tuple(services),
        faults=tuple(gathering.faults),
        origins=gathering.origins,
        broken=frozenset(gathering.broken - gathering.services.keys()),
        broken_files=frozenset(fault.source for fault in gathering.faults),
        notes=tuple(gathering.notes),
    )


def keep_last_good(before: ServicesRead, now: ServicesRead) -> ServicesRead:
    """`now`, completed with services of `before` that are not gone but cannot be read at present.

    Such a service keeps its last good version: its key is among the broken, or its file is broken and it is
    nowhere else. A service whose file was removed, or that a readable file no longer holds, is gone.
    """
    present = {service.key for service in now.services}
    kept = [
        service
        for service in before.services
        if service.key not in present and (service.key in now.broken or before.origins[service.key] in now.broken_files)
    ]
    if "" in now.broken_files:  # the path as a whole could not be read
        kept = [service for service in before.services if service.key not in present]
    origins = {**now.origins, **{service.key: before.origins[service.key] for service in kept}}
    services = sorted((*now.services, *kept), key=lambda service: service.key)
    return replace(now, services=tuple(services), origins=origins)


@dataclass(slots=True)
class _Gathering:
    services: dict[ServiceKey, DisaggregatedService] = field(default_factory=dict)
    origins: dict[ServiceKey, str] = field(default_factory=dict)
    defined_at: dict[ServiceKey, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    broken: set[ServiceKey] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def _nothing(path: Path, wrong: str, right: str) -> ServicesRead:
    return ServicesRead(faults=(Fault(path=str(path), wrong=wrong, right=right),), broken_files=frozenset({""}))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        path.stat()  # raises where there is none
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))


def _read_file(file: Path, gathering: _Gathering) -> None:
    source = str(file)
    try:
        with file.open("rb") as stream:
            content = stream.read(TEXT_BYTES_MAX + 1)
        if not content:  # as found by who looks while an editor is still writing
            wrong, right = "is empty", "write a service, or remove the file"
            gathering.faults.append(Fault(path="file", wrong=wrong, right=right, source=source))
            return
        read = read_text(content.decode("utf-8-sig"), source)
    except OSError as error:
        right = "make it readable, or remove it"
        gathering.faults.append(
            Fault(path="file", wrong=f"cannot be read: {error.strerror}", right=right, source=source)
        )
        return
    except UnicodeDecodeError as error:
        wrong = f"is not UTF-8 (byte {error.start})"
        gathering.faults.append(Fault(path="file", wrong=wrong, right="save it as UTF-8", source=source))
        return
    gathering.faults.extend(read.faults)
    for document in read.documents:
        _read_document(document, source, gathering)


def _read_document(document: Document, source: str, gathering: _Gathering) -> None:
    data = document.data
    if not isinstance(data, dict):
        gathering.faults.extend(document.faults)
        if data is not None and not document.faults:
            wrong, right = "is no object", "write apiVersion, kind, metadata and spec"
            gathering.faults.append(Fault(path="document", wrong=wrong, right=right, source=source, line=document.line))
        return
    if not is_ours(data):
        if data.get("kind") in {PROFILE_KIND, "List"}:
            gathering.notes.append(f"{source}:{document.line}: {data['kind']} is left aside: not yet read")
        return
    found = service_in(data)
    faults = [*document.faults, *located(found.faults, source=source, line_of=document.line_of)]
    place = f"{source}:{document.line}"
    if found.key is not None:
        first = gathering.defined_at.setdefault(found.key, place)
        if first != place:
            wrong, right = (
                f"{found.key} is defined a second time (first: {first})",
                "remove or rename one of them",
            )
            line = document.line_of("metadata.name")
            faults.append(Fault(path="metadata.name", wrong=wrong, right=right, source=source, line=line))
    gathering.faults.extend(faults)
    if not faults and found.service is not None:
        gathering.services[found.service.key] = found.service
        gathering.origins[found.service.key] = source
    elif found.key is not None:
        gathering.broken.add(found.key)
