"""A service with some parameters changed, as `--compare damping.in=0.3,load.cooldown.in=300s` says. Pure.

It walks the spec's own shapes, so that every parameter has the name, the bounds and the faults that it has in YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from disaggregated_service.core.scalar import Unusable, meant, scalar
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from disaggregated_service.core.shape import Choice, Field, Flag, Many, Number, Record, Span, Text, record_of
from disaggregated_service.core.validate import faults_of
from disaggregated_service.edge.time_zone import offsets_min

Leaf = Text | Choice | Number | Span | Flag


class UnusableChange(ValueError):  # noqa: N818 - it names what the change is
    """The caller's fault: names the parameter and the remedy."""


def changed(service: DisaggregatedService, text: str) -> DisaggregatedService:
    """The service with `PARAM=VALUE,...` in it, all at once. Raises UnusableChange.

    PARAM is written as below `spec`: `ratio.tolerance`; an item of a list by its position or its first field's value:
    `guards.ttft.target`.
    """
    spec: Any = service.spec
    for item in text.split(","):
        name, equals, value = (part.strip() for part in item.partition("="))
        leaves = dict(_leaves(record_of(ServiceSpec), service.spec, ""))
        if not equals or not name or not value:
            raise UnusableChange(f"{item!r} is not PARAM=VALUE, for instance damping.in=0.3")
        if name not in leaves:
            raise UnusableChange(f"{name!r} is no parameter of {service.key}; {_hint(name, leaves)}")
        usable = scalar(leaves[name], _plain(leaves[name], value))
        if isinstance(usable, Unusable):
            raise UnusableChange(f"{name} {usable.wrong}; {usable.right}")
        spec = _with(spec, name.split("."), usable)
    faults = faults_of(spec, offsets_min)
    if faults:
        raise UnusableChange("; ".join(str(fault) for fault in faults))
    return replace(service, spec=spec)


def _hint(name: str, leaves: Mapping[str, Leaf]) -> str:
    named = [leaf for leaf in leaves if not any(part.isdigit() for part in leaf.split("."))]
    like = " or ".join(leaf for leaf in named if leaf.endswith(f".{name}")) or meant(name, named)
    return f"did you mean {like}?" if like else f"there are: {', '.join(sorted(named))}"


def _leaves(record: Record, value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    """Every single value that is in the service, with its shape."""
    for field in record.fields:
        here = f"{path}{field.key}"
        now = getattr(value, field.attribute)
        match field.shape:
            case Text() | Choice() | Number() | Span() | Flag():
                yield here, field.shape
            case Many(of=Record() as of):
                for index, one in enumerate(now):
                    yield from _leaves(of, one, f"{here}.{index}.")
                    yield from _leaves(of, one, f"{here}.{_called(of, one)}.")
            case _ if now is not None and hasattr(now, "__dataclass_fields__"):
                yield from _leaves(record_of(type(now)), now, f"{here}.")
            case _:
                pass


def _with(value: Any, keys: list[str], leaf: object) -> Any:
    """A copy of a frozen value with one leaf replaced; the keys are known to lead there."""
    key, *rest = keys
    if isinstance(value, tuple):
        of = record_of(type(value[0]))
        chosen = next(index for index, one in enumerate(value) if key in {str(index), _called(of, one)})
        return tuple(_with(one, rest, leaf) if index == chosen else one for index, one in enumerate(value))
    field = _field(record_of(type(value)), key)
    now = getattr(value, field.attribute)
    return replace(value, **{field.attribute: _with(now, rest, leaf) if rest else leaf})


def _field(record: Record, key: str) -> Field:
    return next(field for field in record.fields if field.key == key)


def _called(record: Record, value: Any) -> str:
    """An item's name: its first field's value."""
    return str(getattr(value, record.fields[0].attribute))


def _plain(shape: Leaf, text: str) -> object:
    """The text as YAML would have read it."""
    match shape:
        case Flag():
            return {"true": True, "false": False}.get(text, text)
        case Number(whole=whole):
            try:
                return int(text) if whole else float(text)
            except ValueError:
                return text
        case _:
            return text
