"""Shapes to structural OpenAPI v3, as the API server takes it. It must never know a particular field.

Everything has a bound (maxLength, maxItems, maxProperties), or the API server refuses the CEL rules as too
costly. Defaults are written as a person would write them, whole records with all their fields: the API server checks a
default against the rules before it fills in what lies below.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from disaggregated_service.core import duration
from disaggregated_service.core.scalar import TEXT_LENGTH_MAX
from disaggregated_service.core.schema import Bounds, Duration, Pattern
from disaggregated_service.core.shape import (
    Choice,
    Field,
    Flag,
    Many,
    Number,
    OneOf,
    Record,
    Required,
    Shape,
    Span,
    Table,
    Text,
)
from disaggregated_service.edge.cel import NO_RULES, Rule, RulesOf

Schema = dict[str, Any]


def schema_of(shape: Shape, rules_of: RulesOf) -> Schema:
    """The schema of a shape. `rules_of` gives the CEL rules of a record's type."""
    match shape:
        case Text(pattern):
            return _text(pattern)
        case Choice(names):
            return {"type": "string", "enum": list(names)}
        case Number(bounds, whole):
            return _number(bounds, whole=whole)
        case Span(span):
            return _duration(span)
        case Flag():
            return {"type": "boolean"}
        case Many(of, items_max):
            return {"type": "array", "maxItems": items_max, "items": schema_of(of, rules_of)}
        case Table(value, items_max):
            values = schema_of(value, rules_of)
            return {"type": "object", "maxProperties": items_max, "additionalProperties": values}
        case Record():
            return _record(shape, rules_of)
        case OneOf():
            return _one_of(shape, rules_of)


def plain(value: object, shape: Shape) -> object:
    """A default as it is written in YAML."""
    if isinstance(shape, Span) and isinstance(value, int | float):
        return duration.written(value)
    if isinstance(shape, Many) and isinstance(value, tuple):
        return [plain(one, shape.of) for one in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 90 and 90.0 are the same number; the API server writes the former
    if isinstance(shape, Record) and dataclasses.is_dataclass(value):
        given = ((field, getattr(value, field.attribute)) for field in shape.fields)
        return {field.key: plain(one, field.shape) for field, one in given if one is not None}
    return dict(value) if isinstance(value, Mapping) else value


def validations(rules: tuple[Rule, ...]) -> Schema:
    """`x-kubernetes-validations`, or nothing."""
    if not rules:
        return {}
    return {"x-kubernetes-validations": [{"rule": rule.cel, "message": rule.message} for rule in rules]}


def _text(pattern: Pattern | None) -> Schema:
    if pattern is None:
        return {"type": "string", "maxLength": TEXT_LENGTH_MAX}
    return {"type": "string", "maxLength": pattern.max_length, "pattern": f"^(?:{pattern.regex})$"}


def _number(bounds: Bounds, *, whole: bool) -> Schema:
    schema: Schema = {"type": "integer" if whole else "number"}
    if whole:
        schema["format"] = "int64"
    if bounds.minimum is not None:
        schema["minimum"] = bounds.minimum
    if bounds.above is not None:
        schema |= {"minimum": bounds.above, "exclusiveMinimum": True}
    if bounds.maximum is not None:
        schema["maximum"] = bounds.maximum
    return schema


def _duration(allowed: Duration) -> Schema:
    low, high = duration.written(allowed.min_s), duration.written(allowed.max_s)
    inside = f"duration(self) >= duration('{low}') && duration(self) <= duration('{high}')"
    return {
        "type": "string",
        "maxLength": duration.WRITTEN_LENGTH_MAX,
        "pattern": f"^{duration.WRITTEN}$",
        **validations((Rule(inside, f"write a duration from {low} to {high}"),)),
    }


def _record(shape: Record, rules_of: RulesOf) -> Schema:
    required = [field.key for field in shape.fields if field.default is Required.REQUIRED]
    rules = (*(_not_yet(field) for field in shape.fields if field.not_yet), *rules_of(shape.kind))
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": {field.key: _property(field, rules_of) for field in shape.fields},
        **validations(rules),
    }


def _property(field: Field, rules_of: RulesOf) -> Schema:
    schema = schema_of(field.shape, rules_of)
    schema["description"] = field.doc or inspect.cleandoc(str(field.shape))
    if field.default is not Required.REQUIRED and field.default is not None:
        schema["default"] = plain(field.default, field.shape)
    return schema


def _not_yet(field: Field) -> Rule:
    message = f"{field.key}: not yet: {field.not_yet}; leave it out"
    if field.default is None:
        return Rule(f"!has(self.{field.key})", message)
    match plain(field.default, field.shape):
        case list():
            return Rule(f"size(self.{field.key}) == 0", message)
        case bool() as value:
            return Rule(f"self.{field.key} == {str(value).lower()}", message)
        case value:
            return Rule(f"self.{field.key} == '{value}'", message)


def _one_of(shape: OneOf, rules_of: RulesOf) -> Schema:
    """One object with the keys of all members; which of them belong together is a rule.

    A member's own defaults cannot be the schema's: the API server would fill them into the other members too.
    """
    names = tuple(shape.members)
    properties: Schema = {
        shape.key: {"type": "string", "enum": list(names), "default": names[0], "description": " or ".join(names) + "."}
    }
    for name, member in shape.members.items():
        for key, schema in schema_of(member, NO_RULES)["properties"].items():
            default = schema.pop("default", None)
            words = f"With {shape.key} {name}: {schema['description']}"
            properties[key] = schema | {"description": words if default is None else f"{words} Default: {default}."}
    rules = [rule for name in names for rule in (_belongs(shape, name), *rules_of(shape.members[name].kind))]
    return {"type": "object", "properties": properties, **validations(tuple(rules))}


def _belongs(shape: OneOf, name: str) -> Rule:
    member = shape.members[name]
    own = {field.key for field in member.fields}
    needed = sorted(field.key for field in member.fields if field.default is Required.REQUIRED)
    foreign = sorted({field.key for other in shape.members.values() for field in other.fields} - own)
    shape_cel = " && ".join([*(f"has(self.{key})" for key in needed), *(f"!has(self.{key})" for key in foreign)])
    message = f"{shape.key} {name} needs {' and '.join(needed)}, and takes no {', '.join(foreign)}"
    return Rule(f"self.{shape.key} != '{name}' || ({shape_cel})", message)
