"""The demo's end: in words for people, as JSON for machines."""

from __future__ import annotations

import math
from collections.abc import Iterable

from disaggregated_service.core.decision_json import decision_to_json
from disaggregated_service.core.explanation import explain, headline
from disaggregated_service.core.pair import Pair
from heteroscale.command.demo_frame import Frame, Outcome
from heteroscale.command.demo_service import ENGINE, FROM_HOUR, SLO


def clock(at_s: float) -> str:
    """Local time of the trace: 06:00:00 is the demo's first moment."""
    seconds = round(FROM_HOUR * 3600 + at_s)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def line(frame: Frame) -> str:
    """One tick in one line, for pipes and logs."""
    return (
        f"{clock(frame.at_s)}  {number(frame.decode_tps):>6} tok/s written {number(frame.prefill_tps):>7} read  "
        f"wanted {frame.wanted!s:>7}  ready {frame.ready!s:>7}  TTFT {number(frame.ttft_s_p90, 2):>5} s  "
        f"TBT {number(frame.tbt_s_p90 * 1000, 1):>4} ms  {headline(frame.decision)}"
    )


def number(value: float, digits: int = 0) -> str:
    """With thousands apart; a dash for what is not known."""
    return f"{value:,.{digits}f}" if math.isfinite(value) else "–"


def summary(outcome: Outcome) -> str:
    """What it was worth, and the last decision explained."""
    rows = (
        ("requests", f"{outcome.requests:,} in {outcome.hours:g} h, seed {outcome.seed}"),
        (
            "within SLO",
            f"{outcome.slo_attainment_frac:.2%}: TTFT ≤ {SLO.ttft_s:g} s, TBT ≤ {SLO.tbt_s * 1000:g} ms",
        ),
        ("GPU-hours", f"{outcome.gpu_hours:,.0f}, start-up and drain billed; {_compared(outcome)}"),
        ("actions", f"{outcome.actions}, pools from {_extent(outcome.frames)}"),
        ("ratio", _out_of_band(outcome)),
        ("KEDA", f"{outcome.calls:,} questions of three gRPC calls, {outcome.calls_failed:,} without an answer"),
        ("engine", f"{ENGINE.name}, {ENGINE.quantisation}"),
    )
    text = "\n".join(f"{name:<11} {words}" for name, words in rows)
    last = explain(outcome.frames[-1].decision) if outcome.frames else "none"
    return f"{text}\n\nThe last decision:\n{last}"


def as_json(outcome: Outcome) -> dict[str, object]:
    """Fractions in 0..1, GPU-hours, and every tick's decision with its moment in seconds since 06:00."""
    return {
        "slo_attainment_frac": outcome.slo_attainment_frac,
        "gpu_hours": outcome.gpu_hours,
        "gpu_hours_static_peak": outcome.gpu_hours_static_peak,
        "actions": outcome.actions,
        "ratio_out_of_band_frac": outcome.ratio_out_of_band_frac,
        "ready_out_of_band_frac": outcome.ready_out_of_band_frac,
        "requests": outcome.requests,
        "seed": outcome.seed,
        "hours": outcome.hours,
        "decisions": [{"at_s": frame.at_s, **decision_to_json(frame.decision)} for frame in outcome.frames],
    }


def _compared(outcome: Outcome) -> str:
    saved = 1 - outcome.gpu_hours / outcome.gpu_hours_static_peak
    return f"a fleet for the peak ({outcome.static}) takes {outcome.gpu_hours_static_peak:,.0f}: {saved:.0%} saved"


def _out_of_band(outcome: Outcome) -> str:
    return (
        f"out of its band: published in {outcome.ratio_out_of_band_frac:.1%} of the ticks, "
        f"ready in {outcome.ready_out_of_band_frac:.1%} (the two pools start replicas at their own pace)"
    )


def _extent(frames: Iterable[Frame]) -> str:
    def size(pair: Pair) -> int:
        return pair.prefill + pair.decode

    pairs = [frame.decision.granted for frame in frames]
    return f"{min(pairs, key=size)} to {max(pairs, key=size)}" if pairs else "none to none"
