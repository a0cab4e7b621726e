"""A raise cut into whole bundles, and how much of it may be granted when only some of them find room."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from disaggregated_service.core.pair import Pair
from disaggregated_service.core.ratio import Band


def path(start: Pair, targets: Pair) -> list[Pair]:
    """The pairs from `start` to `targets`, both included, bundle after bundle; a role that falls is down at once.

    A raise of (p, d) has min(p, d) bundles as equal as whole numbers allow, cumulative sums rounded up; where one of
    them is zero it has single replicas. (4, 12) to (6, 18) is (4, 12), (5, 15), (6, 18); to (6, 17): (5, 15), (6, 17).
    """
    prefill, decode = max(0, targets.prefill - start.prefill), max(0, targets.decode - start.decode)
    first = Pair(min(start.prefill, targets.prefill), min(start.decode, targets.decode))
    bundles = min(prefill, decode) or max(prefill, decode)
    return [first] + [
        Pair(first.prefill + -(-number * prefill // bundles), first.decode + -(-number * decode // bundles))
        for number in range(1, bundles + 1)
    ]


def bundles(steps: Sequence[Pair]) -> list[Pair]:
    """What each step of a path adds."""
    return [Pair(after.prefill - before.prefill, after.decode - before.decode) for before, after in pairwise(steps)]


def granted_steps(steps: Sequence[Pair], placed: int, band: Band, in_force: Pair) -> int:
    """How many of `placed` bundles to grant: the most after which the pair is in the band, or nearer to it than before.

    All of them where all found room: the targets are the policy's word.
    """
    if placed == len(steps) - 1:
        return placed
    distance = band.distance(in_force)
    for number in range(placed, 0, -1):
        after = band.distance(steps[number])
        if after == 0 or after < distance:
            return number
    return 0
