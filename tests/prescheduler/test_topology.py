"""The view of the nodes, read anew only where a node has changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from prescheduler.core.topology import Topology, build
from tests.prescheduler.cluster_text import FABRIC, S2, nodes_of

NODES = nodes_of("z1/a/a1: h20 8x2, h100 8x1\nz1/b/b1: h20 8x2 no-rdma\n-/-/-: l20 8x1\nz1/-/-: h20 8x1 drained")
PROFILES = {FABRIC.name: FABRIC}


def same(one: Topology, other: Topology) -> bool:
    """Whether they say the same of every node."""
    mine, theirs = one.views[FABRIC.name], other.views[FABRIC.name]
    arrays = ("s1_parent", "s1", "s2", "gpu_class", "gpus", "rdma", "member", "eligible")
    return (
        one.names == other.names
        and np.array_equal(one.placeable, other.placeable)
        and (mine.s1_domains, mine.s2_domains, mine.facts) == (theirs.s1_domains, theirs.s2_domains, theirs.facts)
        and all(np.array_equal(getattr(mine, name), getattr(theirs, name)) for name in arrays)
    )


def test_what_was_read_before_and_what_is_read_now_are_the_same():
    before = build(list(NODES.values()), PROFILES)
    moved = replace(NODES["a1.1"], labels={**NODES["a1.1"].labels, S2: "b"})
    fewer = {**NODES, "a1.1": moved, "b1.1": replace(NODES["b1.1"], placeable=False)}
    del fewer["a1.2"]
    after = list(fewer.values()) + list(nodes_of("z1/c/c1: h20 8x1").values())
    assert same(build(after, PROFILES, previous=before), build(after, PROFILES))


def test_an_edited_profile_is_read_anew():
    before = build(list(NODES.values()), PROFILES)
    edited = {FABRIC.name: replace(FABRIC, rdma_resources=())}
    assert same(build(list(NODES.values()), edited, previous=before), build(list(NODES.values()), edited))


def test_the_order_in_which_nodes_come_does_not_matter():
    nodes = list(NODES.values())
    assert same(build(nodes, PROFILES), build(nodes[::-1], PROFILES))


def test_a_node_without_a_label_is_in_no_domain_of_that_level():
    view = build(list(NODES.values()), PROFILES).views[FABRIC.name]
    assert [str(domain) for domain in view.s1_domains] == ["z1/a/a1", "z1/b/b1"]
    assert [str(domain) for domain in view.s2_domains] == ["z1/a", "z1/b"]
    names = build(list(NODES.values()), PROFILES).names
    assert {name for name, s1 in zip(names, view.s1.tolist(), strict=True) if s1 < 0} == {"bare.1", "bare.2"}
