"""Whom a KEDA call asks about: a service in the ScaledObject's own namespace, one of its two roles, and a component.

Pure reading of the trigger's metadata. It must never know the board, gRPC, or whether such a service exists:
GetMetricSpec answers every well-formed reference, so that KEDA never deletes a metric because we restarted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from disaggregated_service.core.pair import Role, ServiceKey

SERVICE_KEY = "service"
ROLE_KEY = "role"
COMPONENT_KEY = "component"
ECHO_CHARS_MAX = 80  # what a caller sent comes back in errors and so in KEDA's events; 64 KiB of it helps nobody
KEYS_LOOKED_AT_MAX = 32  # a search for a misspelt key must not cost more than the call itself

_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class Reference:
    """A well-formed reference, to a service that may or may not exist. component: "" asks for the role as a whole."""

    key: ServiceKey
    role: Role
    component: str = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A reference nobody can follow. `wrong` names the field and the remedy."""

    wrong: str


def read_reference(namespace: str, metadata: Mapping[str, str]) -> Reference | Malformed:
    """Read a ScaledObjectRef: its namespace and its scalerMetadata (`service`, `role` and, where it has
    components, `component`; exact keys).
    """
    if not namespace:
        return Malformed("namespace: missing; KEDA sends the ScaledObject's own")
    name = metadata.get(SERVICE_KEY, "")
    if not name:
        return Malformed(_missing(SERVICE_KEY, "the name of a DisaggregatedService in this namespace", metadata))
    if "/" in name:
        return Malformed(
            f"scalerMetadata.{SERVICE_KEY}: {echo(name)} is not a name; a service is looked up in the "
            f"ScaledObject's own namespace, so write the name alone"
        )
    written = metadata.get(ROLE_KEY, "")
    if not written:
        return Malformed(_missing(ROLE_KEY, "prefill or decode", metadata))
    role = _ROLES.get(written)
    if role is None:
        return Malformed(_no_such_role(written))
    return Reference(ServiceKey(namespace, name), role, metadata.get(COMPONENT_KEY, ""))


def echo(text: str) -> str:
    """Quote a caller's words, shortened to ECHO_CHARS_MAX and without control characters."""
    cut = text if len(text) <= ECHO_CHARS_MAX else text[: ECHO_CHARS_MAX - 1] + "…"
    return repr(cut)


def _missing(key: str, what: str, metadata: Mapping[str, str]) -> str:
    wrong = f"scalerMetadata.{key}: missing; set it to {what}"
    seen = [found[:ECHO_CHARS_MAX] for found, _ in zip(sorted(metadata), range(KEYS_LOOKED_AT_MAX), strict=False)]
    near = [found for found in seen if found != key and key in found.lower()] or get_close_matches(key, seen, n=1)
    near = [found for found in near if found != key]
    return f"{wrong} (you wrote {echo(near[0])}; the key is {key!r})" if near else wrong


def _no_such_role(written: str) -> str:
    wrong = f"scalerMetadata.{ROLE_KEY}: {echo(written)} is neither prefill nor decode"
    near = get_close_matches(written[:ECHO_CHARS_MAX].strip().lower(), _ROLES, n=1)
    return f"{wrong}; did you mean {near[0]}?" if near else f"{wrong}; write one of them"
