"""The table of all policies, as HTML that needs no script."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from heteroscale.simulator.interval import Interval
from heteroscale.simulator.measure import FIGURES
from heteroscale.simulator.policy.registry import KINDS
from heteroscale.simulator.report.data import is_ours
from heteroscale.simulator.study import OVER_ORACLE, Study, dominates, pareto_front

COLUMNS = (
    ("within SLO", "slo_attainment_frac", 100.0, 2, " %"),
    ("GPU-hours", "gpu_hours", 1.0, 1, ""),
    ("over oracle", OVER_ORACLE, 1.0, 2, "×"),
    ("good per GPU-h", "goodput_per_gpu_hour", 1.0, 0, ""),
    ("TTFT p50, ms", "ttft_ms_p50", 1.0, 0, ""),
    ("TTFT p99, ms", "ttft_ms_p99", 1.0, 0, ""),
    ("TBT p50, ms", "tbt_ms_p50", 1.0, 1, ""),
    ("TBT p99, ms", "tbt_ms_p99", 1.0, 1, ""),
    ("prefill busy", "prefill_gpu_util_mean", 100.0, 0, " %"),
    ("decode busy", "decode_gpu_util_mean", 100.0, 0, " %"),
    ("ratio error", "ratio_error_mean", 1.0, 2, ""),
    ("actions per hour", "actions_per_hour", 1.0, 1, ""),
    ("recovery, s", "recovery_s", 1.0, 0, ""),
)
WORDS = {OVER_ORACLE: "GPU-hours, over those of the oracle on the same seed"}


def table(study: Study) -> str:
    """One row a policy, in the order in which the chart numbers them."""
    heads = "".join(
        f'<th scope="col" title="{escape(WORDS.get(figure) or FIGURES.get(figure, ""), quote=True)}">{title}</th>'
        for title, figure, *_ in COLUMNS
    )
    front = pareto_front(study)
    rows = "\n".join(
        _row(number, label, row, _verdict(study, label, front))
        for number, (label, row) in enumerate(study.table.items(), 1)
    )
    head = f'<tr><th scope="col">policy</th>{heads}<th scope="col">verdict</th></tr>'
    return f"<table><thead>{head}</thead>\n<tbody>\n{rows}\n</tbody></table>"


def _row(number: int, label: str, row: Mapping[str, Interval], verdict: str) -> str:
    cells = "".join(
        f"<td>{_cell(row.get(figure), factor, digits, unit)}</td>" for _, figure, factor, digits, unit in COLUMNS
    )
    kind = "ours" if is_ours(label) else "theirs"
    name = f'<span class="number">{number}</span> {escape(label)}'
    return f'<tr class="{kind}"><th scope="row">{name}</th>{cells}<td class="verdict">{escape(verdict)}</td></tr>'


def _cell(seen: Interval | None, factor: float, digits: int, unit: str) -> str:
    if seen is None:
        return "–"
    reach = factor * (seen.high - seen.low) / 2
    spread = f' <span class="spread">± {reach:,.{digits}f}</span>' if reach else ""
    return f"{factor * seen.mean:,.{digits}f}{unit}{spread}"


def _verdict(study: Study, label: str, front: tuple[str, ...]) -> str:
    if not KINDS[label.partition(":")[0]].deployable:
        return "knows the future: a yardstick"
    if label in front:
        return "not dominated"
    by = [other for other in front if dominates(study.table[other], study.table[label])]
    return f"dominated by {', '.join(by)}" if by else "dominated"
