"""When which certificate is made, switched and dropped: a pure schedule.

Clients believe what their CA bundle holds, and a bundle takes time to reach them. So a new authority is announced
first (bundle: old and new), signs only after everybody has had time to hear of it, and the old one is forgotten last.
It must never know a clock, a key or a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """authority_s, leaf_s: validity of each. overlap_s: how long a bundle takes to reach every client, generously.

    A client with an old bundle and a leaf of the new authority fails every call, silently under failurePolicy Ignore.
    """

    authority_s: float = 365 * DAY_S
    leaf_s: float = 30 * DAY_S
    overlap_s: float = DAY_S

    def __post_init__(self) -> None:
        if not 0 < 6 * self.overlap_s <= self.authority_s or not 0 < self.leaf_s <= self.authority_s / 3:
            raise ValueError("an authority must outlive three leaves and six overlaps, or rotation cannot keep up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when to when, in Unix seconds."""

    from_unix_s: float
    until_unix_s: float

    def two_thirds_unix_s(self) -> float:
        return self.from_unix_s + (self.until_unix_s - self.from_unix_s) * 2 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What there is. announced: an authority in the bundle that does not sign yet. retires: one that signs no more.

    switched_unix_s: since when the present authority has signed. leaf: None before the first.
    """

    authority: Validity | None = None
    announced: Validity | None = None
    retires: bool = False
    leaf: Validity | None = None
    switched_unix_s: float = 0.0


class Step(StrEnum):
    """What to do now; after it the schedule is asked again."""

    FOUND = "found"  # nothing usable: a new authority, which signs at once because nobody believes in another
    ANNOUNCE = "announce"  # make the next authority and put it into the bundle
    SWITCH = "switch"  # the announced authority signs a new leaf; the present one retires but stays in the bundle
    FORGET = "forget"  # drop the retired authority from the bundle
    SIGN = "sign"  # a new leaf by the present authority
    NOTHING = "nothing"


def due(held: Held, now_unix_s: float, lifetimes: Lifetimes) -> Step:
    """The next step, by the wall clock: a process that slept through one catches up step by step."""
    authority = held.authority
    if authority is None or authority.until_unix_s <= now_unix_s:
        return Step.FOUND
    if held.announced is not None and now_unix_s >= _heard_by_all(held.announced, lifetimes):
        return Step.SWITCH
    if held.retires and now_unix_s >= held.switched_unix_s + lifetimes.overlap_s:
        return Step.FORGET
    if held.announced is None and not held.retires and now_unix_s >= authority.two_thirds_unix_s():
        return Step.ANNOUNCE
    if held.leaf is None or now_unix_s >= _renewal(held.leaf, authority):
        return Step.SIGN
    return Step.NOTHING


def leaf_until(now_unix_s: float, authority: Validity, lifetimes: Lifetimes) -> float:
    """A leaf never outlives who signed it: a client would refuse it with no word about the cause."""
    return min(now_unix_s + lifetimes.leaf_s, authority.until_unix_s)


def _heard_by_all(announced: Validity, lifetimes: Lifetimes) -> float:
    return announced.from_unix_s + lifetimes.overlap_s


def _renewal(leaf: Validity, authority: Validity) -> float:
    """Two thirds of its life; one cut short by its authority's end cannot be made longer, and is left to the switch."""
    return leaf.until_unix_s if leaf.until_unix_s >= authority.until_unix_s else leaf.two_thirds_unix_s()
