"""What the charts draw, as plain JSON values: rounded to what an eye can tell, and no longer than a screen is wide.

It must never know how a chart looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from statistics import fmean

from heteroscale.simulator.cell import RunRecord, Sample
from heteroscale.simulator.interval import Interval
from heteroscale.simulator.policy.registry import KINDS
from heteroscale.simulator.study import Study, pareto_front

POINTS_MAX = 1_500
DECISIONS_MAX = 2_000
"""Of one policy. A policy that flaps more than that has made its point."""
DIGITS = 4


def chart_data(study: Study) -> dict[str, object]:
    """Fractions, GPU-hours, hours of the trace, tokens/s, milliseconds. Runs are those of the first seed."""
    spec = study.spec
    first = next(iter(study.records.values()))[0]
    front = pareto_front(study)
    return {
        "sloMs": {"ttft": 1000 * first.cell.slo.ttft_s, "tbt": 1000 * first.cell.slo.tbt_s},
        "points": [
            {
                "number": number,
                "label": label,
                "ours": is_ours(label),
                "deployable": KINDS[label.partition(":")[0]].deployable,
                "front": label in front,
                "attained": interval(row["slo_attainment_frac"]),
                "gpuHours": interval(row["gpu_hours"]),
            }
            for number, (label, row) in enumerate(study.table.items(), 1)
        ],
        "runs": {label: run(records[0], spec.from_s) for label, records in study.records.items()},
    }


def is_ours(label: str) -> bool:
    """Whether a policy is this project's own."""
    return label.startswith("heteroscale-")


def run(record: RunRecord, from_s: float) -> dict[str, object]:
    """One run over time: a series each for load, counts and latencies, and the minutes in which counts moved."""
    samples = record.samples
    hours = [(from_s + sample.at_s) / 3600 for sample in samples]
    each = max(1, math.ceil(len(samples) / POINTS_MAX))
    cuts = [list(part) for _, part in groupby(range(len(samples)), lambda index: index // each)]

    def thin(of: Callable[[Sample], float], kept: Callable[[Sequence[float]], float]) -> list[float | None]:
        return [_rounded(kept([of(samples[index]) for index in cut])) for cut in cuts]

    return {
        "hours": [round(hours[cut[-1]], 4) for cut in cuts],
        "input": thin(lambda sample: sample.input_tps, fmean),
        "output": thin(lambda sample: sample.output_tps, fmean),
        "prefillWanted": thin(lambda sample: sample.wanted.prefill, _last),
        "prefillReady": thin(lambda sample: sample.ready.prefill, _last),
        "decodeWanted": thin(lambda sample: sample.wanted.decode, _last),
        "decodeReady": thin(lambda sample: sample.ready.decode, _last),
        "ttft": thin(lambda sample: sample.ttft_ms_p90, _worst),
        "tbt": thin(lambda sample: sample.tbt_ms_p90, _worst),
        "decisions": decisions(samples, hours),
    }


def decisions(samples: Sequence[Sample], hours: Sequence[float]) -> list[dict[str, object]]:
    """Every minute in which a pool was resized, and why."""
    found: list[dict[str, object]] = []
    for before, after, hour in zip(samples, samples[1:], hours[1:], strict=False):
        if after.wanted != before.wanted and len(found) < DECISIONS_MAX:
            found.append(
                {
                    "hour": round(hour, 4),
                    "prefill": after.wanted.prefill,
                    "decode": after.wanted.decode,
                    "change": f"{before.wanted} → {after.wanted}",
                    "why": after.reason,
                }
            )
    return found


def interval(seen: Interval) -> list[float | None]:
    """Mean, low, high."""
    return [_rounded(seen.mean, 6), _rounded(seen.low, 6), _rounded(seen.high, 6)]


def _last(values: Sequence[float]) -> float:
    return values[-1]


def _worst(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return max(known, default=math.nan)


def _rounded(value: float, digits: int = DIGITS) -> float | None:
    """To so many significant digits; JSON has no word for what is not finite."""
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
