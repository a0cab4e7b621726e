"""The vocabulary in which the spec's types describe themselves.

A field is declared once, as a dataclass attribute with `Annotated` marks; the reader, the CRD, the API
reference and the fault messages are all derived from that one declaration. This file must never know any
particular field.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doc:
    """What the field means, in one or two sentences, for the CRD and the reference."""

    text: str


@dataclass(frozen=True, slots=True)
class Key:
    """The name in YAML, where it is not simply the camelCase of the attribute's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A float of seconds written as `40ms`, `60s`, `5m` or `1h`; both bounds are included."""

    min_s: float = 0.0
    max_s: float = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Both ends included, unless `above` excludes the lower one."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A string that must match `regex` as a whole; `example` is shown when it does not."""

    regex: str
    example: str
    max_length: int = 253


@dataclass(frozen=True, slots=True)
class MaxItems:
    """Upper bound of a list's or a mapping's length."""

    count: int


@dataclass(frozen=True, slots=True)
class NotYet:
    """The field is known, but its behaviour comes with a later release: anything but the default is
    refused.
    """

    what: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A union of dataclasses told apart by the string under `key`, one name a member; without it, the
    first.
    """

    key: str
    names: tuple[str, ...]
