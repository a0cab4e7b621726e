"""Nodes and pods as `kubectl get nodes,pods -A -o yaml` (or json) prints them: a List, or several documents.

They stay plain data; whoever reads them further knows which fields matter. Everything is bounded, since the text
may come from anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from disaggregated_service.core.fault import Fault, item
from disaggregated_service.core.scalar import shown

LIST_BYTES_MAX = 512 << 20
"""10,000 nodes and 50,000 pods as kubectl prints them are some 350 MB. JSON is read some thirty times faster
than YAML (45 against 1.5 MB/s).
"""

ITEMS_MAX = 400_000
FAULTS_MAX = 100  # a wrong kind of file has a fault an item
KINDS = ("Node", "Pod")
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]
    """As the API server reads YAML: times stay texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _BASE.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """Plain objects in the order in which they were written; other kinds are left out."""

    nodes: tuple[dict[str, Any], ...] = ()
    pods: tuple[dict[str, Any], ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _Reading:
    source: str
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    items: int = 0

    def fault(self, path: str, wrong: str, right: str) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(path=path, wrong=wrong, right=right, source=self.source))


def read_list(text: str, source: str = "nodes") -> ListRead:
    """Reads nodes and pods; never raises for the content: `faults` holds what is wrong (the first hundred)."""
    reading = _Reading(source)
    if len(text) > LIST_BYTES_MAX:
        reading.fault("document", f"is above {LIST_BYTES_MAX >> 20} MiB", "leave out namespaces without services")
    else:
        for index, document in enumerate(_documents(text, reading)):
            _document(document, f"document[{index}]" if index else "", reading)
    return ListRead(
        nodes=tuple(reading.nodes.values()), pods=tuple(reading.pods.values()), faults=tuple(reading.faults)
    )


def _documents(text: str, reading: _Reading) -> Iterator[object]:
    """Those before the first place where the text is neither JSON nor YAML, and the fault of that place."""
    try:
        if text.lstrip()[:1] == "{":
            yield from _json_documents(text)
        else:
            yield from yaml.load_all(text, Loader=_Loader)
    except json.JSONDecodeError as error:
        wrong = f"is no JSON: {error.msg} (line {error.lineno})"
        reading.fault("document", wrong, "write what kubectl get nodes,pods -A -o json prints")
    except yaml.YAMLError as error:
        wrong = f"is no YAML: {' '.join(str(error).split())[:200]}"
        reading.fault("document", wrong, "write what kubectl get nodes,pods -A -o yaml prints")
    except RecursionError:
        reading.fault("document", "nests too deeply", "write what kubectl get nodes,pods -A -o yaml prints")
    except ValueError as error:  # a value of a kind that it says it is, and is not
        reading.fault("document", f"has a value that cannot be read: {str(error)[:200]}", "write it in quotes")


def _json_documents(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text):
            found, at = decoder.raw_decode(text, at)
            yield found


def _document(data: object, path: str, reading: _Reading) -> None:
    if data is None:
        return
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        what = shown(data) if not isinstance(data, dict) else "an object without a kind"
        reading.fault(path or "document", f"is {what}", "write a List of Nodes and Pods")
        return
    kind = str(data["kind"])
    if not kind.endswith("List"):
        _object(data, kind, path, reading)
        return
    items = data.get("items")
    where = f"{path}.items" if path else "items"
    if not isinstance(items, list):
        reading.fault(where, f"is {shown(items)}, not a list", "write a List of Nodes and Pods")
        return
    for index, one in enumerate(items):
        if not isinstance(one, dict):
            reading.fault(item(where, index), f"is {shown(one)}, not an object", "write a Node or a Pod")
            continue
        _object(one, str(one.get("kind") or kind.removesuffix("List")), item(where, index), reading)


def _object(data: dict[str, Any], kind: str, path: str, reading: _Reading) -> None:
    if kind not in KINDS:
        return
    reading.items += 1
    if reading.items > ITEMS_MAX:
        if reading.items == ITEMS_MAX + 1:
            reading.fault("document", f"holds more than {ITEMS_MAX:,} objects", "leave out what has no part in it")
        return
    prefix = f"{path}." if path else ""
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(name, str) or not name:
        reading.fault(f"{prefix}metadata.name", "is missing", f"each {kind} has a name")
        return
    namespace = metadata.get("namespace") or "default"
    if not _are_labels(metadata.get("labels")):
        reading.fault(f"{prefix}metadata.labels", "is no mapping of texts", "write values in quotes")
        return
    if any(data.get(part) is not None and not isinstance(data[part], dict) for part in ("spec", "status")):
        reading.fault(f"{prefix}spec", "or status is no object", f"write the {kind} as kubectl prints it")
        return
    _keep(data, kind, str(namespace), name, prefix, reading)


def _keep(data: dict[str, Any], kind: str, namespace: str, name: str, prefix: str, reading: _Reading) -> None:
    known = name in reading.nodes if kind == "Node" else (namespace, name) in reading.pods
    if known:
        words = name if kind == "Node" else f"{namespace}/{name}"
        reading.fault(f"{prefix}metadata.name", f"{kind} {words} is there a second time", "remove one of them")
    elif kind == "Node":
        reading.nodes[name] = data
    else:
        reading.pods[namespace, name] = data


def _are_labels(labels: object) -> bool:
    if labels is None:
        return True
    return isinstance(labels, dict) and all(isinstance(k, str) and isinstance(v, str) for k, v in labels.items())
