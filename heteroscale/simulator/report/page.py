"""The report's page put together: words, table, data, style, script and chart library, all in one file.

Nothing is fetched when it is opened. The library travels compressed and is unpacked by the browser (ADR 0016).
"""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from disaggregated_service.core.duration import written
from heteroscale.simulator.policy.registry import ORACLE
from heteroscale.simulator.report.data import chart_data, is_ours
from heteroscale.simulator.report.table import table
from heteroscale.simulator.study import Study


def html_report(study: Study) -> str:
    """The whole page. The same study gives the same bytes."""
    spec = study.spec
    hours = (spec.until_s - spec.from_s) / 3600
    slo = next(iter(study.records.values()))[0].cell.slo
    seeds = f"{spec.seeds} seed{'s' if spec.seeds != 1 else ''}"
    title = f"{spec.trace_name} on {spec.engine_name}"
    subtitle = (
        f"{spec.service.key} · {hours:g} hours · {seeds} · SLO: first token within {written(slo.ttft_s)}, "
        f"{written(slo.tbt_s)} between tokens"
    )
    return Template(_text("page.html")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        style=_text("page.css"),
        table=table(study),
        seeds=seeds,
        choices=_choices(study),
        assumptions="\n".join(f"<li>{escape(line)}</li>" for line in _assumptions(study)),
        data=json.dumps(chart_data(study), separators=(",", ":")).replace("</", "<\\/"),
        library=_library(),
        script=_text("page.js"),
    )


def _choices(study: Study) -> str:
    first = next((label for label in study.records if is_ours(label)), next(iter(study.records)))
    return "".join(
        f"<option{' selected' if label == first else ''}>{escape(label)}</option>" for label in study.records
    )


def _assumptions(study: Study) -> list[str]:
    spec, cell = study.spec, next(iter(study.records.values()))[0].cell
    lines = []
    for role, engine in (("prefill", cell.prefill), ("decode", cell.decode)):
        lines.append(
            f"{role}: {engine.name}, {engine.gpus} GPUs a replica, {engine.quantisation}; {engine.source}. "
            f"Error: {engine.fit_error}"
        )
    lines += [
        f"Replicas start within {cell.start_up.mean_s:g} ± {cell.start_up.jitter_s:g} s; starts and drains are billed.",
        f"Routing: {cell.routing.value.replace('_', ' ')}. TBT is the mean over one request.",
        "Who is not answered by the end has missed both targets.",
        "Policies see what a Prometheus would have scraped, and act through KEDA and the HPA, each at its own pace.",
    ]
    headrooms = [record.cell.policy.settings.headroom for record in study.records.get(ORACLE, ())]
    if headrooms:
        lines.append(
            f"The oracle knows the load and the start-up time; it needed {min(headrooms):.2f} to {max(headrooms):.2f} "
            "times the capacity that the load fills."
        )
    lines.append(
        f"Seeds 1 to {spec.seeds}: arrivals, lengths and start-up times; every policy meets the same requests."
    )
    return lines


def _text(name: str) -> str:
    return (files("heteroscale.simulator.report") / name).read_text(encoding="utf-8").strip()


@cache
def _library() -> str:
    """plotly.js out of its wheel, gzipped without a time and base64: a third of its size, and the same every time."""
    source = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(source, 9, mtime=0)).decode("ascii")
