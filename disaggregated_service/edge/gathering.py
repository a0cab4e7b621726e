"""What is gathered document by document: services and profiles, and then what shows only when all are there.

Files, folders and plans share it. It must never know where the documents came from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from disaggregated_service.core.fault import Fault, located
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.placement_faults import profile_faults_of, profile_named
from disaggregated_service.core.pod_labels import overlap_faults
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import TopologyProfile
from disaggregated_service.edge.manifest import is_ours, is_profile, profile_in, service_in
from disaggregated_service.edge.yaml_text import Document

Locate = Callable[[Iterable[Fault]], tuple[Fault, ...]]
"""The same faults with the place in the text they came from."""


@dataclass(slots=True)
class Gathering:
    """Valid objects by name, everything that is wrong, and who is at fault."""

    services: dict[ServiceKey, DisaggregatedService] = field(default_factory=dict)
    profiles: dict[str, TopologyProfile] = field(default_factory=dict)
    origins: dict[ServiceKey, str] = field(default_factory=dict)
    profile_origins: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    broken: set[ServiceKey] = field(default_factory=set)
    broken_profiles: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    _defined_at: dict[ServiceKey | str, str] = field(default_factory=dict)
    _locate: dict[ServiceKey, Locate] = field(default_factory=dict)

    def add(self, document: Document, source: str) -> ServiceKey | None:
        """One document: a service, whose key is returned where it can be read, a profile, or what is left aside."""
        data = document.data
        if not isinstance(data, dict):
            self.faults.extend(document.faults)
            if data is not None and not document.faults:
                wrong, right = "is no object", "write apiVersion, kind, metadata and spec"
                fault = Fault(path="document", wrong=wrong, right=right, source=source, line=document.line)
                self.faults.append(fault)
        elif is_profile(data):
            self._add_profile(data, document, source)
        elif is_ours(data):
            return self._add_service(data, document, source)
        elif data.get("kind") == "List":
            self.notes.append(f"{source}:{document.line}: List is left aside: not yet read")
        return None

    def finish(self) -> None:
        """What shows only beside the others: profiles that are not there, pools that take each other's pods."""
        at_fault: dict[ServiceKey, list[Fault]] = defaultdict(list)
        for key, service in sorted(self.services.items()):
            at_fault[key].extend(profile_faults_of(service.spec, self.profiles, self.broken_profiles))
        for key, fault in overlap_faults(self.services.values()):
            at_fault[key].append(fault)
        for key, faults in at_fault.items():
            if faults:
                self.faults.extend(self._locate[key](faults))
                self.broken.add(key)
                del self.services[key]

    def profiles_in_use(self) -> dict[str, TopologyProfile]:
        """The profiles that were read, and the presets that services name directly."""
        named = (profile_named(service.spec, self.profiles) for service in self.services.values())
        return self.profiles | {profile.name: profile for profile in named if profile is not None}

    def _add_service(self, data: dict[str, object], document: Document, source: str) -> ServiceKey | None:
        found = service_in(data)
        locate = _locator(document, source)
        faults = [*document.faults, *locate(found.faults)]
        if found.key is not None:
            faults += locate(self._second(found.key, str(found.key), f"{source}:{document.line}"))
        self.faults.extend(faults)
        if not faults and found.service is not None:
            self.services[found.service.key] = found.service
            self.origins[found.service.key] = source
            self._locate[found.service.key] = locate
        elif found.key is not None and found.key not in self.services:
            self.broken.add(found.key)
        return found.key

    def _add_profile(self, data: dict[str, object], document: Document, source: str) -> None:
        found = profile_in(data)
        locate = _locator(document, source)
        faults = [*document.faults, *locate(found.faults)]
        if found.name is not None:
            faults += locate(self._second(found.name, f"TopologyProfile {found.name}", f"{source}:{document.line}"))
        self.faults.extend(faults)
        if not faults and found.profile is not None:
            self.profiles[found.profile.name] = found.profile
            self.profile_origins[found.profile.name] = source
        elif found.name is not None and found.name not in self.profiles:
            self.broken_profiles.add(found.name)

    def _second(self, key: ServiceKey | str, words: str, place: str) -> tuple[Fault, ...]:
        """The fault that a name was there before; the first one stays."""
        first = self._defined_at.setdefault(key, place)
        if first == place:
            return ()
        wrong = f"{words} is defined a second time (first: {first})"
        return (Fault(path="metadata.name", wrong=wrong, right="remove or rename one of them"),)


def _locator(document: Document, source: str) -> Locate:
    return lambda faults: located(faults, source=source, line_of=document.line_of)
