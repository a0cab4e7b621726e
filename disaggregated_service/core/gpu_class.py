"""The GPU class of a node: which of a profile's product patterns its label matches.

Sharing and MIG rename a product (`NVIDIA-H100-80GB-HBM3-SHARED`, `NVIDIA-A100-SXM4-40GB-MIG-1g.5gb`), and what such a
node counts as GPUs are slices: it has a class only where a pattern says so itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from disaggregated_service.core.topology_labels import TopologyProfile

SLICE_MARKS = ("-SHARED", "-MIG-")
_NO_MATCH = -1_000_000  # below what a pattern of stars alone says


def gpu_class_of(profile: TopologyProfile, labels: Mapping[str, str]) -> str | None:
    """The name of the node's class, or None. Case counts.

    Where patterns of several classes match, the one with most letters written out wins (`NVIDIA-H200*` before
    `NVIDIA-H20*`), then the class that comes first by name.
    """
    best: str | None = None
    best_exactness = _NO_MATCH
    for name, gpu_class in profile.classes:
        product = labels.get(gpu_class.label)
        if product is None:
            continue
        found = _exactness_of(gpu_class.match, product)
        if found > best_exactness:
            best, best_exactness = name, found
    return best


def covers(pattern: str, product: str) -> bool:
    """Whether a pattern means the product; slices of a GPU only where the pattern names them."""
    sliced = any(mark in product and mark not in pattern for mark in SLICE_MARKS)
    return not sliced and _compiled(pattern).fullmatch(product) is not None


def exactness(pattern: str) -> int:
    """How exactly a pattern says what it means: by the letters written out, then by how few stars it has."""
    stars = pattern.count("*")
    return (len(pattern) - stars) * 512 - stars


@lru_cache(maxsize=16_384)  # ten thousand nodes have a handful of products
def _exactness_of(patterns: tuple[str, ...], product: str) -> int:
    return max((exactness(pattern) for pattern in patterns if covers(pattern, product)), default=_NO_MATCH)


@lru_cache(maxsize=4_096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\*+", pattern)), re.DOTALL)
