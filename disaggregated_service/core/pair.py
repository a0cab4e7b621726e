"""A pair of replica counts, the value that all of this program is about.

Prefill and decode are two fields of one value: nothing here computes one without the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The two halves of a disaggregated service."""

    PREFILL = "prefill"
    DECODE = "decode"

    __hash__ = str.__hash__  # an Enum's own is a Python call, and every tick looks roles up by the thousand

    @property
    def other(self) -> Role:
        return Role.DECODE if self is Role.PREFILL else Role.PREFILL


ROLES = (Role.PREFILL, Role.DECODE)  # iterating over the Enum itself costs a generator each time


@dataclass(frozen=True, slots=True)
class Pair:
    """Replicas of each role, both >= 0. Written `4P 12D`; positional because prefill always comes first."""

    prefill: int
    decode: int

    def of(self, role: Role) -> int:
        return self.prefill if role is Role.PREFILL else self.decode

    def with_role(self, role: Role, replicas: int) -> Pair:
        return Pair(replicas, self.decode) if role is Role.PREFILL else Pair(self.prefill, replicas)

    def __str__(self) -> str:
        return f"{self.prefill}P {self.decode}D"


@dataclass(frozen=True, slots=True, order=True)
class ServiceKey:
    """Identity of a service: namespace, then name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
