"""A sweep's end: the bell drawn in the terminal, what to paste into the service, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from disaggregated_service.core.duration import written
from disaggregated_service.core.ratio import FixedRatio, MeasuredRatio
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.engines import EnginePair
from heteroscale.simulator.sweep import Split, Workload, best
from heteroscale.simulator.sweep_advice import Advice, Drift

BAR_CELLS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """Everything that was found. engine: as it was asked for. service: None where no file was named."""

    engine: str
    engines: EnginePair
    workload: Workload
    splits: Sequence[Split]
    advice: Advice
    service: DisaggregatedService | None


def show(it: Swept, console: Console) -> None:
    """The bell, lying on its side; then the advice, ready to paste."""
    load, top = it.workload, best(it.splits)
    console.print(
        f"{it.engine}: prompts of {load.prompt_tokens_mean:,.0f} tokens, answers of {load.output_tokens_mean:,.0f}, "
        f"{100 * load.attained_frac:.4g} % within TTFT {written(load.slo.ttft_s)} and TBT {written(load.slo.tbt_s)}, "
        f"seed {load.seed}",
        highlight=False,
        soft_wrap=True,
    )
    console.print()
    console.print(_bell(it.splits, top))
    console.print()
    for line in _words(it, top):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def as_json(it: Swept) -> dict[str, object]:
    """Tokens/s, requests/s, fractions; the advice as spec fields."""
    load, advice = it.workload, it.advice
    return {
        "engine": it.engine,
        "prompt_tokens_mean": load.prompt_tokens_mean,
        "output_tokens_mean": load.output_tokens_mean,
        "ttft_s": load.slo.ttft_s,
        "tbt_s": load.slo.tbt_s,
        "attained_frac": load.attained_frac,
        "seed": load.seed,
        "splits": [_split_json(one) for one in it.splits],
        "best": _split_json(best(it.splits)),
        "capacity_tps": {role.value: capacity for role, capacity in advice.capacity_tps.items()},
        "target_tps": {role.value: advice.target_tps(role) for role in advice.capacity_tps},
        "needed_ratio": None if advice.drift is None else _drift_json(advice.drift),
        "spec": _spec(advice),
    }


def _bell(splits: Sequence[Split], top: Split) -> Table:
    table = Table("split", "", "req/s", "prompt tok/s", "written tok/s", "P busy", "D busy", "breaks first", box=None)
    for column in table.columns[2:7]:
        column.justify = "right"
    for one in splits:
        is_best = one is top
        table.add_row(
            str(one.pair),
            Bar(top.requests_per_s, 0, one.requests_per_s, width=BAR_CELLS, color="green" if is_best else "blue"),
            f"{one.requests_per_s:,.1f}",
            f"{one.prefill_tps:,.0f}",
            f"{one.decode_tps:,.0f}",
            f"{one.prefill_util:.0%}",
            f"{one.decode_util:.0%}",
            one.breaks.upper(),
            style="bold" if is_best else "",
        )
    return table


def _words(it: Swept, top: Split) -> list[str]:
    engines, advice = it.engines, it.advice
    lines = [
        f"best split: {top.pair}, {top.requests_per_s:,.1f} requests/s",
        *_drift_words(advice),
        "",
        "to put into the service:",
        "",
        yaml.safe_dump({"spec": _spec(advice)}, sort_keys=False).rstrip(),
    ]
    for engine in dict.fromkeys((engines.prefill, engines.decode)):
        lines += ["", f"{engine.name}: {engine.quantisation}; {engine.source}", f"  error: {engine.fit_error}"]
    return lines


def _drift_words(advice: Advice) -> list[str]:
    drift = advice.drift
    if drift is None:
        return ["mode: fixed, as one mix was asked about; name a --trace to see whether it drifts"]
    mode = "measured" if isinstance(advice.ratio, MeasuredRatio) else "fixed"
    wander = f"{drift.p5:.2f} to {drift.p95:.2f}, a factor of {drift.factor:.1f}"
    return [f"mode: {mode}; prefill replicas needed for each decode replica, in ten minutes each (p5 to p95): {wander}"]


def _spec(advice: Advice) -> Mapping[str, object]:
    load = {
        role.value: {
            "metric": f"{role.value}Tps",
            "targetPerReplica": round(advice.target_tps(role)),
            "capacityPerReplica": round(capacity),
        }
        for role, capacity in advice.capacity_tps.items()
    }
    return {"ratio": _ratio(advice.ratio), "load": load}


def _ratio(ratio: FixedRatio | MeasuredRatio) -> Mapping[str, object]:
    match ratio:
        case FixedRatio(prefill=prefill, decode=decode, tolerance=tolerance):
            return {"mode": "fixed", "prefill": prefill, "decode": decode, "tolerance": tolerance}
        case MeasuredRatio(min=low, max=high):
            return {"mode": "measured", "min": low, "max": high}


def _split_json(one: Split) -> dict[str, object]:
    return {
        "prefill": one.pair.prefill,
        "decode": one.pair.decode,
        "requests_per_s": one.requests_per_s,
        "prefill_tps": one.prefill_tps,
        "decode_tps": one.decode_tps,
        "prefill_util": one.prefill_util,
        "decode_util": one.decode_util,
        "breaks": one.breaks,
    }


def _drift_json(drift: Drift) -> dict[str, float]:
    return {"p1": drift.p1, "p5": drift.p5, "p50": drift.p50, "p95": drift.p95, "p99": drift.p99}
