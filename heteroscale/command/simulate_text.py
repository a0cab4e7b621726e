"""A study in words: the table, who dominates whom, and the choice of an objective. Rendering only."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from disaggregated_service.core.ratio import FixedRatio, MeasuredRatio
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.interval import Interval
from heteroscale.simulator.loop_begin import requests_of
from heteroscale.simulator.objective import Objective
from heteroscale.simulator.policy.heteroscale import FixedSettings, MeasuredSettings, variant
from heteroscale.simulator.policy.registry import KINDS, ORACLE, Choice
from heteroscale.simulator.study import OVER_ORACLE, Study, dominates, pareto_front

COLUMNS = (
    ("SLO %", "slo_attainment_frac", 100.0, 2),
    ("GPU-h", "gpu_hours", 1.0, 1),
    ("x oracle", OVER_ORACLE, 1.0, 2),
    ("good/GPU-h", "goodput_per_gpu_hour", 1.0, 0),
    ("TTFT p99 ms", "ttft_ms_p99", 1.0, 0),
    ("TBT p99 ms", "tbt_ms_p99", 1.0, 1),
    ("ratio err", "ratio_error_mean", 1.0, 2),
    ("acts/h", "actions_per_hour", 1.0, 1),
    ("recovery s", "recovery_s", 1.0, 0),
)


def summary(study: Study) -> str:
    """One line a policy, every one of them, the cheapest that keeps the SLO best first."""
    labels = sorted(study.table, key=lambda label: _order(study.table[label]))
    width = max(len("policy"), *(len(label) for label in labels))
    spec = study.spec
    head = (
        f"{spec.trace_name} on {spec.engine_name}, {(spec.until_s - spec.from_s) / 3600:g} h, "
        f"{_plural(spec.seeds, 'seed')}: mean and half the width of the 95 % interval (Student's t)"
    )
    lines = [
        head,
        "",
        "  ".join([f"{'policy':<{width}}", *(f"{title:>15}" for title, *_ in COLUMNS)]),
    ]
    for label in labels:
        row = study.table[label]
        cells = [_cell(row.get(figure), factor, digits) for _, figure, factor, digits in COLUMNS]
        lines.append("  ".join([f"{label:<{width}}", *(f"{cell:>15}" for cell in cells)]))
    return "\n".join([*lines, "", *_oracle(study), *_verdicts(study)])


def choice(study: Study, objective: Objective) -> str:
    """The best candidate of an objective, as it is to be pasted; says so where none meets the conditions."""
    label = objective.ranked(study.table)[0]
    chosen = next(one for one in study.spec.policies if one.label == label)
    row = study.table[label]
    met = objective.met_by(row)
    head = f"\nchosen: {label}" if met else f"\nno candidate meets the conditions; the nearest is: {label}"
    figures = ", ".join(
        f"{figure} {row[figure].mean:.4g} ({row[figure].low:.4g}..{row[figure].high:.4g})"
        for figure in dict.fromkeys((objective.figure, *(one.figure for one in objective.conditions)))
    )
    return "\n".join([head, f"  {figures}", *_paste(study, chosen)])


def _paste(study: Study, chosen: Choice) -> list[str]:
    if not isinstance(chosen.settings, FixedSettings | MeasuredSettings):
        return [f"  not one of this program's modes; to run it again: --policy {chosen.label}"]
    cell = study.spec.cells()[0]
    service = variant(study.spec.service, chosen.settings, requests_of(cell))
    return ["", yaml.safe_dump({"spec": spec_fields(service)}, sort_keys=False).rstrip()]


def spec_fields(service: DisaggregatedService) -> dict[str, object]:
    """What the settings decide, under the names of the service's YAML."""
    spec = service.spec
    load: dict[str, object] = {"driver": spec.load.driver.value}
    for name, role in (("decode", spec.load.decode), ("prefill", spec.load.prefill)):
        if role is not None:
            numbers = {"metric": role.metric, "targetPerReplica": round(role.target, 1)}
            if role.capacity_per_replica is not None:
                numbers["capacityPerReplica"] = role.capacity_per_replica
            load[name] = numbers
    load["scaleOutAbove"] = spec.load.scale_out_above
    load["scaleInBelow"] = spec.load.scale_in_below
    load["cooldown"] = {"out": f"{spec.load.cooldown.out_s:g}s", "in": f"{spec.load.cooldown.in_s:g}s"}
    return {"ratio": _ratio(spec.ratio), "load": load, "damping": {"out": spec.damping.out, "in": spec.damping.in_}}


def _ratio(ratio: FixedRatio | MeasuredRatio) -> dict[str, object]:
    match ratio:
        case FixedRatio(prefill=prefill, decode=decode, tolerance=tolerance):
            return {"mode": "fixed", "prefill": prefill, "decode": decode, "tolerance": tolerance}
        case MeasuredRatio(min=low, max=high):
            return {"mode": "measured", "min": low, "max": high}


def _oracle(study: Study) -> list[str]:
    headrooms = [
        record.cell.policy.settings.headroom
        for label, records in study.records.items()
        if label.partition(":")[0] == ORACLE
        for record in records
    ]
    if not headrooms:
        return []
    spread = f"{min(headrooms):.2f}" if len(set(headrooms)) == 1 else f"{min(headrooms):.2f} to {max(headrooms):.2f}"
    return [f"the oracle's headroom: {spread} times the capacity that the load needs"]


def _verdicts(study: Study) -> list[str]:
    if study.spec.seeds == 1:
        return ["one seed has no interval: nothing can be said of who dominates whom"]
    front = pareto_front(study)
    lines = [f"not dominated: {', '.join(front)}"] if front else []
    for label, row in study.table.items():
        if label in front or not KINDS[label.partition(":")[0]].deployable:
            continue
        by = [other for other in front if dominates(study.table[other], row)]
        lines.append(f"{label} is dominated by {', '.join(by) or 'others that are dominated themselves'}")
    return lines


def _order(row: Mapping[str, Interval]) -> tuple[bool, float]:
    return row["slo_attainment_frac"].mean < 0.99, row["gpu_hours"].mean


def _cell(seen: Interval | None, factor: float, digits: int) -> str:
    if seen is None:
        return "-"
    reach = (seen.high - seen.low) / 2 * factor
    return f"{seen.mean * factor:.{digits}f}" + (f" ±{reach:.{digits}f}" if reach else "")


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" + ("s" if count != 1 else "")
