"""Which nodes a term of node affinity allows: a conjunction of label sets, and how one is read from a pod.

The terms of a node affinity are ORed; the parts of a term are ANDed. Must never know a service or a plan.
What cannot be read is a value, `Malformed`: nobody may add to a rule that he does not understand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from placement_webhook.core.label_set import (
    ANY,
    MISSING,
    NOTHING,
    PRESENT,
    LabelSet,
    all_but,
    between,
    integer,
    intersection,
    only,
)

NAME_FIELD = "metadata.name"  # the only field that matchFields knows


@dataclass(frozen=True, slots=True)
class Malformed:
    """What is wrong with a rule, and where."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conjunction:
    """One term. labels: key and set, sorted by key, no key twice. name: the nodes' names admitted."""

    labels: tuple[tuple[str, LabelSet], ...] = ()
    name: LabelSet = PRESENT  # every node has a name

    @property
    def is_empty(self) -> bool:
        """Whether no node, known or unknown, could satisfy it."""
        return self.name.is_empty or any(values.is_empty for _, values in self.labels)

    def of(self, key: str) -> LabelSet:
        return next((values for given, values in self.labels if given == key), ANY)

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        return self.name.admits(name) and all(values.admits(labels.get(key)) for key, values in self.labels)

    def implies(self, other: Conjunction) -> bool:
        """Whether every node it allows is allowed by the other."""
        return self.is_empty or (
            self.name.within(other.name) and all(self.of(key).within(values) for key, values in other.labels)
        )


EVERYWHERE = Conjunction()
NOWHERE = Conjunction(name=NOTHING)


def both(one: Conjunction, other: Conjunction) -> Conjunction:
    """What both allow."""
    labels = dict(one.labels)
    for key, values in other.labels:
        labels[key] = intersection(labels.get(key, ANY), values)
    return Conjunction(labels=tuple(sorted(labels.items())), name=intersection(one.name, other.name))


def all_of(parts: Iterable[tuple[str, LabelSet]]) -> Conjunction:
    """The conjunction of label sets; a key may be given more than once."""
    labels: dict[str, LabelSet] = {}
    for key, values in parts:
        labels[key] = intersection(labels.get(key, ANY), values)
    return Conjunction(labels=tuple(sorted(labels.items())))


def read_selector(selector: object) -> Conjunction | Malformed:
    """A pod's nodeSelector: each label equal to its value."""
    if selector is None:
        return EVERYWHERE
    if not isinstance(selector, Mapping):
        return Malformed("nodeSelector is not a map")
    if not all(isinstance(key, str) and isinstance(value, str) for key, value in selector.items()):
        return Malformed("nodeSelector has keys or values that are not text")
    return all_of((key, only([value])) for key, value in selector.items())


def read_term(term: object) -> Conjunction | Malformed:
    """A nodeSelectorTerm. An empty one matches nothing: adding to it would turn nothing into something."""
    if not isinstance(term, Mapping):
        return Malformed("a nodeSelectorTerm is not a map")
    labels: list[tuple[str, LabelSet]] = []
    name = PRESENT
    for expression in items(term.get("matchExpressions")):
        read = read_expression(expression)
        if isinstance(read, Malformed):
            return read
        labels.append(read)
    for expression in items(term.get("matchFields")):
        read = read_expression(expression)
        if isinstance(read, Malformed):
            return read
        key, values = read
        if key != NAME_FIELD:
            return Malformed(f"matchFields knows {NAME_FIELD} only, not {key}")
        name = intersection(name, values)
    if not (term.get("matchExpressions") or term.get("matchFields")):
        return NOWHERE
    conjunction = all_of(labels)
    return Conjunction(labels=conjunction.labels, name=name)


def items(given: object) -> list[object]:
    """A list, or nothing; what is no list becomes one item, which then cannot be read."""
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def read_expression(expression: object) -> tuple[str, LabelSet] | Malformed:
    """One requirement: key, operator, values."""
    if not isinstance(expression, Mapping):
        return Malformed("a requirement is not a map")
    key, operator, values = expression.get("key"), expression.get("operator"), items(expression.get("values"))
    if not isinstance(key, str) or not all(isinstance(value, str) for value in values):
        return Malformed(f"the requirement on {key!r} has a key or values that are not text")
    read = read_operator(operator, [str(value) for value in values])
    return Malformed(f"the requirement on {key}: {read.why}") if isinstance(read, Malformed) else (key, read)


def read_operator(operator: object, values: list[str]) -> LabelSet | Malformed:
    """Operator and values, under the rules by which Kubernetes accepts them."""
    match operator, values:
        case (("In" | "NotIn"), []):
            return Malformed(f"{operator} needs values")
        case "In", _:
            return only(values)
        case "NotIn", _:
            return all_but(values)
        case (("Exists" | "DoesNotExist"), [_, *_]):
            return Malformed(f"{operator} takes no values")
        case "Exists", _:
            return PRESENT
        case "DoesNotExist", _:
            return MISSING
        case (("Gt" | "Lt"), [bound]) if (number := integer(bound)) is not None:
            return between(number, None) if operator == "Gt" else between(None, number)
        case (("Gt" | "Lt"), _):
            return Malformed(f"{operator} needs one integer")
        case _:
            return Malformed(f"unknown operator {operator!r}")
