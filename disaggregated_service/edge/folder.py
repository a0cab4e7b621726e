"""Services and profiles from a file, a file of many documents or a folder: the embedded default, without a cluster.

A broken file must not hide the good ones, nor make a service vanish: what is known of the broken ones is
reported beside the faults, and `keep_last_good` holds on to their last good version. This file must never
know a rule of the spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from disaggregated_service.core.fault import Fault
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import TopologyProfile
from disaggregated_service.edge.gathering import Gathering
from disaggregated_service.edge.yaml_text import TEXT_BYTES_MAX, read_text

SERVICES_MAX = 2_000
PROFILES_MAX = 64
FILES_MAX = 4_000
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesRead:
    """All that a path holds.

    services: the valid ones, by key. origins: the file of each. broken: keys of objects that are there but
    invalid. broken_files: files in which something could not be read, so that services may be missing.
    notes: objects that were left aside, in words. profiles: the valid ones by name, presets that services name
    directly included; profile_origins and broken_profiles as for services.
    """

    services: tuple[DisaggregatedService, ...] = ()
    faults: tuple[Fault, ...] = ()
    origins: Mapping[ServiceKey, str] = field(default_factory=dict)
    broken: frozenset[ServiceKey] = frozenset()
    broken_files: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    profiles: Mapping[str, TopologyProfile] = field(default_factory=dict)
    profile_origins: Mapping[str, str] = field(default_factory=dict)
    broken_profiles: frozenset[str] = frozenset()


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
    gathering = Gathering()
    for file in files:
        if file != path and file.exists() and not file.is_file():  # a pipe would never end
            wrong, right = "is no file", "move it elsewhere, or put the file back"
            gathering.faults.append(Fault(path="file", wrong=wrong, right=right, source=str(file)))
        else:
            _read_file(file, gathering)
    gathering.finish()
    services = sorted(gathering.services.values(), key=lambda service: service.key)
    if len(services) > SERVICES_MAX:
        return _nothing(path, f"holds {len(services)} services", f"keep at most {SERVICES_MAX} in one process")
    if len(gathering.profiles) > PROFILES_MAX:
        wrong = f"holds {len(gathering.profiles)} topology profiles"
        return _nothing(path, wrong, f"keep at most {PROFILES_MAX} in one process")
    return ServicesRead(
        services=tuple(services),
        faults=tuple(gathering.faults),
        origins=gathering.origins,
        broken=frozenset(gathering.broken - gathering.services.keys()),
        broken_files=frozenset(fault.source for fault in gathering.faults),
        notes=tuple(gathering.notes),
        profiles=gathering.profiles_in_use(),
        profile_origins=gathering.profile_origins,
        broken_profiles=frozenset(gathering.broken_profiles - gathering.profiles.keys()),
    )


def keep_last_good(before: ServicesRead, now: ServicesRead) -> ServicesRead:
    """`now`, completed with services of `before` that are not gone but cannot be read at present.

    Such a service keeps its last good version: its key is among the broken, or its file is broken and it is
    nowhere else. A service whose file was removed, or that a readable file no longer holds, is gone.
    """
    lost = "" in now.broken_files  # the path as a whole could not be read
    present = {service.key for service in now.services}
    kept = [
        service
        for service in before.services
        if service.key not in present
        and (lost or service.key in now.broken or before.origins[service.key] in now.broken_files)
    ]
    origins = {**now.origins, **{service.key: before.origins[service.key] for service in kept}}
    services = sorted((*now.services, *kept), key=lambda service: service.key)
    profiles = {
        name: profile
        for name, profile in before.profiles.items()
        if lost or name in now.broken_profiles or before.profile_origins.get(name) in now.broken_files
    }
    named = {service.spec.placement.topology_profile for service in kept}  # their last good version goes with them
    profiles |= {name: profile for name, profile in before.profiles.items() if name in named}
    return replace(
        now,
        services=tuple(services),
        origins=origins,
        profiles={**profiles, **now.profiles},
        profile_origins={**before.profile_origins, **now.profile_origins},
    )


def _nothing(path: Path, wrong: str, right: str) -> ServicesRead:
    return ServicesRead(faults=(Fault(path=str(path), wrong=wrong, right=right),), broken_files=frozenset({""}))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        path.stat()  # raises where there is none
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))


def _read_file(file: Path, gathering: Gathering) -> None:
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
        gathering.add(document, source)
