"""Why a pod was placed, or left alone: the closed list that metrics, annotations and tests share."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One for each pod. The order is the order in which the questions are asked."""

    # Not ours: the pod goes in untouched, and nobody needs to look.
    MALFORMED_POD = "malformed_pod"  # what we would read is not what a pod has there
    MIRROR = "mirror"  # of a static pod: it runs already
    SKIPPED = "skipped"  # by annotation
    BOUND = "bound"  # nodeName is set: the scheduler is not asked
    DAEMON_SET = "daemon_set"  # its node is chosen by its controller
    NOT_A_ROLE = "not_a_role"  # no service's labels
    NO_GPU = "no_gpu"  # a router or load balancer beside the pool: it must not use up RDMA nodes
    # Ours, and left alone.
    ADVISORY = "advisory"  # the service decides and records, and touches nothing
    NO_AFFINITY = "no_affinity"  # the service asks for no placement
    NO_PROFILE = "no_profile"  # the profile it names is unknown: its GPU classes cannot be told
    NO_GROUPS = "no_groups"  # nothing is planned yet
    NO_NODES = "no_nodes"  # none is known: every rule would look like a conflict
    ONLY_UNKNOWN = "only_unknown"  # its replicas run on nodes without topology labels
    GROUPS_VANISHED = "groups_vanished"  # no known node is in any of the groups' domains
    NOTHING_TO_ASK = "nothing_to_ask"  # one group, everywhere, of any class
    MATCHES_NOTHING = "matches_nothing"  # the author's own rule admits no node: adding to it could only weaken it
    CONFLICT = "conflict"  # no known node satisfies the author's rule and ours
    TOO_MANY_TERMS = "too_many_terms"
    PATCH_TOO_LARGE = "patch_too_large"
    PATCH_DOES_NOT_APPLY = "patch_does_not_apply"  # our own check failed
    ALREADY_PLACED = "already_placed"  # admitted a second time
    # Placed.
    PLACED = "placed"
    UPPER_BOUND = "upper_bound"  # another manager chooses the domain; we only say which groups there are
    GATED = "gated"  # exact mode: the leader chooses


PLACED_REASONS = frozenset({Reason.PLACED, Reason.UPPER_BOUND, Reason.GATED})
