"""A backtest's end: in words for people, as JSON for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from disaggregated_service.core.decision_json import decision_to_json
from disaggregated_service.core.duration import written
from disaggregated_service.core.explanation import explain
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.backtest import worth
from heteroscale.backtest.replay import Moment, Variant
from heteroscale.backtest.worth import Gap, Worth
from scaler.edge.prometheus_query import Instants

AS_IT_RAN = "as it ran"
GAPS_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """worths: by name, what ran first, then each variant. moments: of each variant. gaps: of the first."""

    service: DisaggregatedService
    ticks: Instants
    start_up_s: float
    worths: Mapping[str, Worth]
    over_slo: Mapping[str, float]
    gaps: Sequence[Gap]
    moments: Mapping[str, Sequence[Moment]]


def report(
    variants: Sequence[Variant], moments: Mapping[str, Sequence[Moment]], *, ticks: Instants, start_up_s: float
) -> Report:
    """All figures. What ran is judged by the first variant's targets, over the ticks at which it had begun."""
    service, first = variants[0].service, moments[variants[0].name]
    worths = {AS_IT_RAN: worth.ran(service, first, step_s=ticks.step_s)}
    for variant in variants:
        worths[variant.name] = worth.wished(
            variant.service, moments[variant.name], step_s=ticks.step_s, start_up_s=start_up_s
        )
    return Report(
        service=service,
        ticks=ticks,
        start_up_s=start_up_s,
        worths=worths,
        over_slo=worth.minutes_over_slo(service, first, step_s=ticks.step_s),
        gaps=worth.gaps(service, first, step_s=ticks.step_s),
        moments=moments,
    )


def show(it: Report, console: Console) -> None:
    """The table, then what it cannot say, the gaps, and the last decision explained."""
    ticks, ran = it.ticks, it.worths[AS_IT_RAN]
    console.print(
        f"{it.service.key}, {_clock(ticks.from_unix_s)} to {_clock(ticks.until_unix_s + ticks.step_s)}, "
        f"a tick every {ticks.step_s} s, {ran.hours:.1f} h with a decision",
        highlight=False,
    )
    table = Table("", "GPU-hours", "of what ran", *(f"{role} short" for role in ran.minutes_short), "moves", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, one in it.worths.items():
        share = one.gpu_hours / ran.gpu_hours if ran.gpu_hours else float("nan")
        short = (f"{minutes:,.1f} min" for minutes in one.minutes_short.values())
        table.add_row(name, f"{one.gpu_hours:,.1f}", f"{share:.0%}", *short, f"{one.moves:,}")
    console.print(table, highlight=False)
    for line in _words(it):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def as_json(it: Report) -> dict[str, object]:
    """Unix seconds, GPU-hours and minutes. decisions: the ticks at which the outcome changed."""
    return {
        "service": str(it.service.key),
        "from_unix_s": it.ticks.from_unix_s,
        "to_unix_s": it.ticks.until_unix_s + it.ticks.step_s,
        "interval_s": it.ticks.step_s,
        "start_up_s": it.start_up_s,
        "runs": {name: _worth_json(one) for name, one in it.worths.items()},
        "minutes_over_slo_as_it_ran": dict(it.over_slo),
        "gaps": [{"from_unix_s": gap.from_unix_s, "to_unix_s": gap.until_unix_s, "why": gap.why} for gap in it.gaps],
        "decisions": {name: _decisions(moments) for name, moments in it.moments.items()},
    }


def _words(it: Report) -> list[str]:
    lines = [
        "",
        "Open loop: the load is what the pools that ran have carried, and a wish changed nothing.",
        f"Short: fewer replicas than the load fills; a wished one serves {written(it.start_up_s)} after the wish.",
    ]
    lines += [f"{guard}: {minutes:,.1f} min over its target as it ran" for guard, minutes in it.over_slo.items()]
    missing = [role for role in ROLES if role not in it.worths[AS_IT_RAN].minutes_short]
    lines += [f"{role}: never judged short, spec.load.{role} is not written" for role in missing]
    lines += [
        f"gap {_clock(gap.from_unix_s)} to {_clock(gap.until_unix_s)}: {gap.why}; held" for gap in it.gaps[:GAPS_SHOWN]
    ]
    if len(it.gaps) > GAPS_SHOWN:
        lines.append(f"and {len(it.gaps) - GAPS_SHOWN} gaps more; --json has all")
    last = next(moment for moment in reversed(next(iter(it.moments.values()))) if moment.decision is not None)
    if last.decision is not None:
        lines += ["", f"The last decision, {_clock(last.at_unix_s)}:", explain(last.decision)]
    return lines


def _worth_json(one: Worth) -> dict[str, object]:
    short: Mapping[Role, float] = one.minutes_short
    return {
        "hours": one.hours,
        "gpu_hours": one.gpu_hours,
        "moves": one.moves,
        **{f"{role}_minutes_short": minutes for role, minutes in short.items()},
    }


def _decisions(moments: Sequence[Moment]) -> list[dict[str, object]]:
    found, before = [], None
    for moment in moments:
        if moment.decision is not None and moment.decision.sequence != before:
            before = moment.decision.sequence
            found.append({"at_unix_s": moment.at_unix_s, **decision_to_json(moment.decision)})
    return found


def _clock(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S}Z"
