"""What the pod's author already requires of its node, and our terms folded into it.

Terms are ORed, so ours are folded into every one of them that is not empty: to append a term would weaken the rule, and
to add to an empty one would turn nothing into something. Must never know a service or a group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from placement_webhook.core.label_set import LabelSet
from placement_webhook.core.requirement import (
    EVERYWHERE,
    NOWHERE,
    Conjunction,
    Malformed,
    both,
    read_selector,
    read_term,
)

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
TERMS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorRule:
    """terms: the raw nodeSelectorTerms, () where nothing is required. read: each of them together with nodeSelector."""

    terms: tuple[Mapping[str, Any], ...]
    read: tuple[Conjunction, ...]

    @property
    def matches_nothing(self) -> bool:
        return all(term.is_empty for term in self.read)


def read_author(spec: Mapping[str, Any]) -> AuthorRule | Malformed:
    """The author's rule; what cannot be read is nobody's to add to."""
    selector = read_selector(spec.get("nodeSelector"))
    if isinstance(selector, Malformed):
        return selector
    required: Any = spec
    for member in ("affinity", "nodeAffinity", REQUIRED):
        required = required.get(member)
        if required is None:
            return AuthorRule(terms=(), read=(selector,))
        if not isinstance(required, Mapping):
            return Malformed(f"{member} is not a map")
    terms = required.get("nodeSelectorTerms")
    if not isinstance(terms, list):
        return Malformed("nodeSelectorTerms is not a list")
    read: list[Conjunction] = []
    for term in terms:
        conjunction = read_term(term)
        if isinstance(conjunction, Malformed):
            return conjunction
        read.append(both(conjunction, selector))
    return AuthorRule(terms=tuple(terms), read=tuple(read) or (NOWHERE,))


def folded(author: AuthorRule, ours: Sequence[Conjunction]) -> list[dict[str, Any]]:
    """The author's terms crossed with ours. Pairs that contradict each other are left out, but no author's term is."""
    if not author.terms:
        return [{"matchExpressions": expressions(our)} for our in ours]
    terms: list[dict[str, Any]] = []
    for raw, read in zip(author.terms, author.read, strict=True):
        if not raw.get("matchExpressions") and not raw.get("matchFields"):
            terms.append(dict(raw))
            continue
        possible = [our for our in ours if not both(read, our).is_empty]
        terms += [with_expressions(raw, our) for our in possible or ours[:1]]
    return terms


def with_expressions(raw: Mapping[str, Any], our: Conjunction) -> dict[str, Any]:
    """A raw term with our conditions behind its own; those that it has already are not repeated."""
    own = list(raw.get("matchExpressions") or [])
    return {**raw, "matchExpressions": own + [one for one in expressions(our) if one not in own]}


def expressions(rule: Conjunction) -> list[dict[str, Any]]:
    """A conjunction of ours as matchExpressions, sorted by key: In and NotIn are all that we write."""
    return [
        {"key": key, "operator": "NotIn" if values.complement else "In", "values": sorted(values.values)}
        for key, values in rule.labels
    ]


def merged(terms: Iterable[Conjunction]) -> tuple[Conjunction, ...]:
    """Terms that a single key tells apart, as one: an In is an OR inside a term, and multiplies nothing."""
    distinct = list(dict.fromkeys(terms))
    if len(distinct) < 2:
        return tuple(distinct)
    first = dict(distinct[0].labels)
    if any(set(dict(term.labels)) != set(first) or term.name != distinct[0].name for term in distinct):
        return tuple(distinct)
    differing = [key for key in first if len({term.of(key) for term in distinct}) > 1]
    if len(differing) != 1 or any(term.of(differing[0]).complement for term in distinct):
        return tuple(distinct)
    together = LabelSet(values=frozenset().union(*(term.of(differing[0]).values for term in distinct)))
    labels = tuple((key, together if key == differing[0] else values) for key, values in distinct[0].labels)
    return (Conjunction(labels=labels, name=EVERYWHERE.name),)
