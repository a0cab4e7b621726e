"""A plant and a moment of it: only what a test is about has to be said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from disaggregated_service.core.pair import Pair
from heteroscale.simulator.loop_begin import LateObserver, at_a_glance, plant_of, requests_of
from heteroscale.simulator.policy.policy import Plant
from heteroscale.simulator.signals_seen import Seen
from tests.simulator.cells import cell, rates


def plant(policy: str = "static-peak", input_tps: list[float] | None = None, **changes: Any) -> Plant:
    """The plant of a small cell."""
    run = cell(policy, rates(input_tps or [40_000.0] * 3), **changes)
    return plant_of(run, requests_of(run), LateObserver(run))


def seen(
    wanted: Pair, *, prefill: dict[str, Any] | None = None, decode: dict[str, Any] | None = None, **more: Any
) -> Seen:
    """Everybody who is wanted is ready and covered, unless said otherwise."""
    plain = at_a_glance(wanted)
    everybody = {
        "prefill": {"ready": wanted.prefill, "covered": wanted.prefill, **(prefill or {})},
        "decode": {"ready": wanted.decode, "covered": wanted.decode, **(decode or {})},
    }
    return replace(
        plain,
        prefill=replace(plain.prefill, **everybody["prefill"]),
        decode=replace(plain.decode, **everybody["decode"]),
        **more,
    )
