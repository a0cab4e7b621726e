"""How many terms a rule may come to."""

from __future__ import annotations

from typing import Any

import pytest

from placement_webhook.core.author_rule import TERMS_MAX
from placement_webhook.core.placement import Leave, Placed
from placement_webhook.core.reason import Reason
from tests.placement_webhook.laws.test_admission_laws import admitted

# Two groups of which one leaves an S1 out are told apart by two keys, so that each term of the author becomes two.
TWO_TERMS = "two of different shape"


def asking_for(terms: int) -> dict[str, Any]:
    """A decode pod with so many terms of its author's, all of which admit every node of the cluster."""
    own = [
        {"matchExpressions": [{"key": "slot", "operator": "NotIn", "values": [str(number)]}]} for number in range(terms)
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": own}}
    return {
        "metadata": {"labels": {"app": "chat", "llm-d.ai/role": "decode"}},
        "spec": {
            "containers": [{"name": "engine", "resources": {"limits": {"nvidia.com/gpu": "4"}}}],
            "affinity": {"nodeAffinity": required},
        },
    }


@pytest.mark.parametrize("terms", [1, TERMS_MAX // 2])
def test_terms_are_crossed_up_to_the_most_that_anybody_reads(terms: int) -> None:
    outcome = admitted(TWO_TERMS, asking_for(terms), {})
    assert isinstance(outcome, Placed)


def test_more_terms_than_that_leave_the_pod_as_it_is() -> None:
    outcome = admitted(TWO_TERMS, asking_for(TERMS_MAX // 2 + 1), {})
    assert isinstance(outcome, Leave)
    assert outcome.reason is Reason.TOO_MANY_TERMS
    assert outcome.message == f"{TERMS_MAX + 2} terms, at most {TERMS_MAX}"
