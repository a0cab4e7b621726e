"""The evaluation in words. Every number in a sentence comes from the figures; losing cells are printed like others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from disaggregated_service.core.pair import Role
from heteroscale.simulator.engines import ENGINES
from heteroscale.simulator.interval import Interval
from heteroscale.simulator.policy.registry import KINDS, ORACLE
from heteroscale.simulator.study import OVER_ORACLE, Study, dominates, pareto_front

MEASURED, FIXED, PEAK = "heteroscale-measured", "heteroscale-fixed", "static-peak"
OURS = (MEASURED, FIXED)
KEPT_FRAC = 0.99
OVER_ORACLE_MAX = 1.25
QUICK_KEPT_FRAC = 0.95
GOALS = ("within SLO, %", "× oracle", "front")
SAVED = "measured: saved against static peak"
ATTAINED, COST = "slo_attainment_frac", "gpu_hours"

COLUMNS = (
    ("within SLO, %", ATTAINED, 100.0, 2),
    ("GPU-hours", COST, 1.0, 1),
    ("× oracle", OVER_ORACLE, 1.0, 2),
    ("TTFT p99, ms", "ttft_ms_p99", 1.0, 0),
    ("TBT p99, ms", "tbt_ms_p99", 1.0, 1),
    ("P busy, %", "prefill_gpu_util_mean", 100.0, 0),
    ("D busy, %", "decode_gpu_util_mean", 100.0, 0),
    ("ratio error", "ratio_error_mean", 1.0, 2),
    ("actions/h", "actions_per_hour", 1.0, 1),
)


def document(studies: Sequence[Study], *, program: str) -> str:
    """The whole of docs/evaluation.md."""
    parts = [
        _head(studies, program),
        "## The policy against its goals\n\n" + _goals(studies),
        "## What loses, and what was surprising\n\n" + "\n".join(f"* {line}" for line in _findings(studies)),
        "## Every cell\n\n" + "\n\n".join(table(study) for study in studies),
        _behind(studies),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def table(study: Study) -> str:
    """One study, the cheapest that keep the SLO first."""
    front = pareto_front(study)
    rows = sorted(study.table.items(), key=lambda one: (one[1][ATTAINED].mean < KEPT_FRAC, one[1][COST].mean))
    heads = ["policy", *(title for title, *_ in COLUMNS), "verdict"]
    lines = [
        f"### {_name(study)}",
        "",
        f"{_seeds(study)}; load × {study.spec.shape.scale:g}, {_mean(study, PEAK, 'requests'):,.0f} requests.",
        "",
        f"| {' | '.join(heads)} |",
        f"| {' | '.join(['---', *('--:' for _ in COLUMNS), '---'])} |",
    ]
    for label, row in rows:
        cells = [_cell(row.get(figure), factor, digits) for _, figure, factor, digits in COLUMNS]
        name = f"**{label}**" if label in OURS else label
        lines.append(f"| {' | '.join([name, *cells, _verdict(study, label, front)])} |")
    return "\n".join(lines)


def ours_kept(studies: Sequence[Study]) -> int:
    """1 where ours fell far below the SLO in an hour that it has always kept; for CI."""
    return int(any(study.table[label][ATTAINED].mean < QUICK_KEPT_FRAC for study in studies for label in OURS))


def _head(studies: Sequence[Study], program: str) -> str:
    seeds = sorted({study.spec.seeds for study in studies})
    spread = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return f"""# Evaluation

Written by `make evaluation` from the cells that it has run (program {program}); nothing here is typed by hand. Each
study has {spread} seeds, stated with it; ± is half the width of the 95 % interval (Student's t), and one policy
dominates another only where the intervals say so. A single seed has no interval: its verdicts are that seed's.

A request is within the SLO when its first token and its mean time between tokens both are. GPU-hours count from the
moment a replica is asked for until it has drained. All policies meet the same requests, see what a Prometheus would
have scraped, and act through KEDA and the HPA where their source does. The oracle knows the load and the start-up
time: it is the cheapest plan of its kind that still reaches 99 %, a yardstick and no rival.

Services have the program's defaults and the capacities that the pressure test measures for the load:
`targetPerReplica` is 0.60 of them, and a pool may grow to half more than the peak of its load needs. Baselines have
the settings of their sources. Neither is tuned to a trace."""


def _goals(studies: Sequence[Study]) -> str:
    heads = ["load and engine", *(f"{mode}: {what}" for mode in ("measured", "fixed") for what in GOALS), SAVED]
    kept, cost = f"at least {KEPT_FRAC:.0%} within the SLO", f"at most {OVER_ORACLE_MAX} times the oracle's GPU-hours"
    lines = [
        f"The goal: on the Pareto front of what can be deployed, {kept}, {cost}.",
        "",
        f"| {' | '.join(heads)} |",
        f"| --- |{' --: |' * (len(heads) - 1)}",
    ]
    for study in studies:
        front = pareto_front(study)
        cells = [_name(study)]
        for label in OURS:
            row = study.table[label]
            cells += [
                _cell(row[ATTAINED], 100, 2),
                _cell(row.get(OVER_ORACLE), 1, 2),
                "yes" if label in front else "no",
            ]
        cells.append(f"{1 - _mean(study, MEASURED, COST) / _mean(study, PEAK, COST):.0%}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_reached(studies)])


def _reached(studies: Sequence[Study]) -> Iterator[str]:
    kept = [study for study in studies if _mean(study, MEASURED, ATTAINED) >= KEPT_FRAC]
    cheap = [study for study in studies if _over(study, MEASURED) <= OVER_ORACLE_MAX]
    front = [study for study in studies if MEASURED in pareto_front(study)]
    yield (
        f"Of {len(studies)} studies the measured mode keeps the SLO in {len(kept)}, is on the front in {len(front)}, "
        f"and is within {OVER_ORACLE_MAX} times the oracle in {len(cheap)}."
    )
    overs = [_over(study, MEASURED) for study in studies]
    yield (
        f"It takes {min(overs):.2f} to {max(overs):.2f} times the oracle's GPU-hours, {fmean(overs):.2f} on average. "
        "The oracle needs no room for what it does not know; a controller that looks back has to hold, all the time, "
        "what the load can grow by within a start-up time."
    )


def _findings(studies: Sequence[Study]) -> Iterator[str]:
    for study in studies:
        for label in OURS:
            by = [
                other
                for other in study.table
                if KINDS[_kind(other)].deployable
                and other not in OURS
                and dominates(study.table[other], study.table[label])
            ]
            if by:
                yield f"{_name(study)}: {label} is dominated by {', '.join(by)}."
            if _mean(study, label, ATTAINED) < KEPT_FRAC:
                yield (
                    f"{_name(study)}: {label} loses {100 * (1 - _mean(study, label, ATTAINED)):.2f} % of the requests; "
                    f"TTFT is kept for {_mean(study, label, 'ttft_attainment_frac'):.2%}, "
                    f"TBT for {_mean(study, label, 'tbt_attainment_frac'):.2%}."
                )
        cheapest = _cheapest(study)
        if cheapest is not None and cheapest not in OURS:
            less = 1 - _mean(study, cheapest, COST) / _mean(study, MEASURED, COST)
            yield f"{_name(study)}: {cheapest} keeps the SLO with {less:.1%} fewer GPU-hours than {MEASURED}."
    yield from _of_policies(studies)


def _of_policies(studies: Sequence[Study]) -> Iterator[str]:
    """One line a baseline: where it keeps the SLO, and at what cost."""
    labels = [label for label in studies[0].table if label not in OURS and _kind(label) != ORACLE] if studies else []
    for label in labels:
        kept = [study for study in studies if _mean(study, label, ATTAINED) >= KEPT_FRAC]
        worst = min(studies, key=lambda study: _mean(study, label, ATTAINED))
        line = f"{label} keeps the SLO in {len(kept)} of {len(studies)}"
        if kept:
            dearer = fmean(_mean(study, label, COST) / _mean(study, MEASURED, COST) for study in kept)
            line += f", there at {dearer:.2f} times the GPU-hours of {MEASURED}"
        yield f"{line}; its worst is {_mean(worst, label, ATTAINED):.1%} ({_name(worst)})."
    if studies:
        losses = [_mean(study, FIXED, COST) / _mean(study, MEASURED, COST) - 1 for study in studies]
        yield (
            f"One ratio for a load whose mix drifts: {FIXED} takes {min(losses):+.0%} to {max(losses):+.0%} GPU-hours "
            f"against {MEASURED}; within the SLO are {_extent(_mean(study, FIXED, ATTAINED) for study in studies)}."
        )


def _behind(studies: Sequence[Study]) -> str:
    lines = ["## Behind the numbers", ""]
    for study in studies:
        load, cell = study.spec.service.spec.load, study.spec.cells()[0]
        capacity = {role: spec.capacity_per_replica if (spec := load.of(role)) else None for role in Role}
        lines.append(
            f"* {_name(study)}: a prefill replica carries {capacity[Role.PREFILL]:,.0f} prompt tokens/s, a decode "
            f"replica {capacity[Role.DECODE]:,.0f} tokens/s within TTFT {cell.slo.ttft_s:g} s and TBT "
            f"{1000 * cell.slo.tbt_s:g} ms; start-up {cell.start_up.mean_s:g} ± {cell.start_up.jitter_s:g} s."
        )
    for name in dict.fromkeys(study.spec.engine_name for study in studies):
        engine = ENGINES[name]
        lines.append(f"* {name}: {engine.quantisation}; {engine.source}; error: {engine.fit_error}.")
    lines.append("* Origin and licence of the traces: `heteroscale/simulator/traces/ORIGIN`.")
    return "\n".join(lines)


def _name(study: Study) -> str:
    return f"{study.spec.trace_name}, {study.spec.engine_name}"


def _seeds(study: Study) -> str:
    return "Seed 1" if study.spec.seeds == 1 else f"Seeds 1 to {study.spec.seeds}"


def _mean(study: Study, label: str, figure: str) -> float:
    return study.table[label][figure].mean


def _over(study: Study, label: str) -> float:
    return study.table[label][OVER_ORACLE].mean


def _kind(label: str) -> str:
    return label.partition(":")[0]


def _cheapest(study: Study) -> str | None:
    """Of the deployable policies that keep the SLO."""
    keeping = [
        label
        for label, row in study.table.items()
        if KINDS[_kind(label)].deployable and row[ATTAINED].mean >= KEPT_FRAC
    ]
    return min(keeping, key=lambda label: _mean(study, label, COST), default=None)


def _verdict(study: Study, label: str, front: tuple[str, ...]) -> str:
    if not KINDS[_kind(label)].deployable:
        return "knows the future"
    if label in front:
        return "not dominated"
    by = [other for other in front if dominates(study.table[other], study.table[label])]
    return f"dominated by {', '.join(by)}" if by else "dominated"


def _cell(seen: Interval | None, factor: float, digits: int) -> str:
    if seen is None:
        return "–"
    reach = factor * (seen.high - seen.low) / 2
    return f"{factor * seen.mean:,.{digits}f}" + (f" ± {reach:,.{digits}f}" if reach else "")


def _extent(values: Iterator[float]) -> str:
    known = list(values)
    return f"{min(known):.1%} to {max(known):.1%}"
