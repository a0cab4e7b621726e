"""The values of one node label that a rule admits, in one canonical form for every operator.

Closed under intersection, so that whatever an author wrote and whatever we add can be weighed against each other
symbolically. Must never know a pod, a node or a service. Semantics: Kubernetes' label selector requirements, where
NotIn and DoesNotExist admit nodes without the label, and Gt and Lt only those whose value is an integer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

INTEGER = re.compile(r"[+-]?[0-9]{1,63}", re.ASCII)  # a label value has at most 63 characters
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """Values of one label.

    values: the values admitted, or, if `complement`, the values left out of all that lie within the bounds.
    above, below: bounds, exclusive; only a complement has them, and then only integers are admitted.
    absent: whether a node without the label is admitted.
    """

    values: frozenset[str]
    complement: bool = False
    above: int | None = None
    below: int | None = None
    absent: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.complement or self.absent)

    def admits(self, value: str | None) -> bool:
        """Whether a node with this value (None: without the label) satisfies it."""
        if value is None:
            return self.absent
        if not self.complement:
            return value in self.values
        return value not in self.values and within(value, self.above, self.below)

    def within(self, other: LabelSet) -> bool:
        """Whether everything it admits is admitted by the other too."""
        return intersection(self, other) == self


ANY = LabelSet(values=frozenset(), complement=True, absent=True)
NOTHING = LabelSet(values=frozenset())


def only(values: Iterable[str]) -> LabelSet:
    return LabelSet(values=frozenset(values))


def all_but(values: Iterable[str]) -> LabelSet:
    return LabelSet(values=frozenset(values), complement=True, absent=True)


def between(above: int | None, below: int | None) -> LabelSet:
    """Integers above and below the bounds, both exclusive; NOTHING where no integer is left."""
    return canonical(LabelSet(values=frozenset(), complement=True, above=above, below=below))


PRESENT = LabelSet(values=frozenset(), complement=True)
MISSING = LabelSet(values=frozenset(), absent=True)


def intersection(one: LabelSet, other: LabelSet) -> LabelSet:
    """What both admit, canonical: equal sets compare equal."""
    absent = one.absent and other.absent
    if not one.complement or not other.complement:
        finite, second = (one, other) if not one.complement else (other, one)
        return LabelSet(values=frozenset(value for value in finite.values if second.admits(value)), absent=absent)
    return canonical(
        LabelSet(
            values=one.values | other.values,
            complement=True,
            above=max((bound for bound in (one.above, other.above) if bound is not None), default=None),
            below=min((bound for bound in (one.below, other.below) if bound is not None), default=None),
            absent=absent,
        )
    )


def canonical(given: LabelSet) -> LabelSet:
    """The complement without exclusions that its bounds exclude anyway; finite where its bounds leave nothing."""
    if given.above is None and given.below is None:
        return given
    lowest = INT64_MIN if given.above is None else given.above + 1
    highest = INT64_MAX if given.below is None else given.below - 1
    if lowest > highest:
        return MISSING if given.absent else NOTHING
    return LabelSet(
        values=frozenset(value for value in given.values if within(value, given.above, given.below)),
        complement=True,
        above=given.above,
        below=given.below,
        absent=given.absent,
    )


def within(value: str, above: int | None, below: int | None) -> bool:
    if above is None and below is None:
        return True
    number = integer(value)
    return number is not None and (above is None or number > above) and (below is None or number < below)


def integer(text: str) -> int | None:
    """A 64-bit decimal integer as Go's ParseInt reads it, or None."""
    if not INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if INT64_MIN <= number <= INT64_MAX else None
