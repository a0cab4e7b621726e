"""What `backtest` does, once it is known what with."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import time

from rich.console import Console
from rich.progress import Progress as Bar

from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.scalar import meant
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import SignalSource
from disaggregated_service.edge.folder import read_services
from heteroscale.backtest.change import UnusableChange, changed
from heteroscale.backtest.instant import UnusableInstant, instant_in
from heteroscale.backtest.replay import Moment, Variant, replay
from heteroscale.command import backtest_report, options
from heteroscale.command.serve_options import UnusableOptions, prometheus_from
from heteroscale.command.writable import unwritable
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_query import Instants
from scaler.edge.prometheus_recorded import RecordUnavailable

NOBODY = Pair(0, 0)
QUERY_S_MAX = 60.0
"""An hour's worth of a query may take longer than an instant's."""


def backtest(args: argparse.Namespace) -> None:
    """Replays, prints, and writes --json. Raises UnusableOptions."""
    _check_writable(args.json)
    try:
        variants, ticks, current = _variants(args), _ticks(args), _current(args)
        moments = asyncio.run(_replayed(variants, _prometheus(args), ticks, current))
    except UnusableChange as error:
        raise UnusableOptions(f"--compare: {error}") from None
    except RecordUnavailable as error:
        raise UnusableOptions(
            f"--prometheus {args.prometheus}: {error}; name a server that answers, and how to ask it"
        ) from None
    first = moments[variants[0].name]
    if not any(moment.decision for moment in first):
        raise UnusableOptions(_nothing(variants[0].service, first))
    report = backtest_report.report(variants, moments, ticks=ticks, start_up_s=args.start_up)
    backtest_report.show(report, Console())
    if args.json is not None:
        args.json.write_text(json.dumps(backtest_report.as_json(report), indent=1) + "\n", encoding="utf-8")


def _variants(args: argparse.Namespace) -> Sequence[Variant]:
    if args.services is None:
        raise UnusableOptions("--services: is missing; name a YAML file of services, or a folder of them")
    service = _service(args.services, args.service)
    return [
        Variant(name="as written", service=service),
        *(Variant(name=text, service=changed(service, text)) for text in dict.fromkeys(args.compare)),
    ]


def _service(path: Path, key: ServiceKey) -> DisaggregatedService:
    read = read_services(path)
    for service in read.services:
        if service.key == key:
            if service.spec.signals is None or service.spec.signals.source is not SignalSource.PROMETHEUS:
                raise UnusableOptions(f"{key}: spec.signals.source is not prometheus: nothing of it was recorded there")
            return service
    if read.faults:
        raise UnusableOptions("\n".join(str(fault) for fault in read.faults))
    known = [str(service.key) for service in read.services]
    like = meant(str(key), known)
    hint = f"did you mean {like}?" if like else f"there are: {', '.join(known) or 'none'}"
    raise UnusableOptions(f"{key}: no such service in {path}; {hint}")


def _ticks(args: argparse.Namespace) -> Instants:
    step_s = round(args.interval)
    if step_s != args.interval:
        raise UnusableOptions("--interval: write whole seconds: the server's past is asked in those")
    from_unix_s, to_unix_s = _instant("--from", args.from_text), _instant("--to", args.to_text)
    if to_unix_s - from_unix_s < step_s:
        raise UnusableOptions(
            f"--to {args.to_text}: is not after --from {args.from_text}; exchange them, or name others"
        )
    steps = (to_unix_s - from_unix_s) // step_s
    return Instants(from_unix_s=from_unix_s, until_unix_s=from_unix_s + (steps - 1) * step_s, step_s=step_s)


def _instant(flag: str, text: str) -> int:
    try:
        return instant_in(text, now_unix_s=time())
    except UnusableInstant as error:
        raise UnusableOptions(f"{flag}: {error}") from None


def _current(args: argparse.Namespace) -> Pair | None:
    if args.current is None:
        return None
    try:
        return options.running_pair(f"{args.service}={args.current}")[1]
    except argparse.ArgumentTypeError:
        raise UnusableOptions(f"--current {args.current}: is no pair; write it like 4P12D") from None


def _prometheus(args: argparse.Namespace) -> PrometheusOptions:
    asked = prometheus_from(args)
    if asked is None:
        raise UnusableOptions("--prometheus: is missing; name the server that recorded the series")
    return replace(asked, timeout_s=QUERY_S_MAX)


def _check_writable(path: Path | None) -> None:
    wrong = "" if path is None else unwritable(path)
    if wrong:
        raise UnusableOptions(f"--json {path}: {wrong}")


async def _replayed(
    variants: Sequence[Variant], asked: PrometheusOptions, ticks: Instants, current: Pair | None
) -> Mapping[str, Sequence[Moment]]:
    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("reading the past", total=None)
        return await replay(
            variants,
            asked,
            ticks,
            current=current,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )


def _nothing(service: DisaggregatedService, moments: Sequence[Moment]) -> str:
    signals = service.spec.signals
    selectors = "" if signals is None else f"{{{signals.selectors.prefill}}} and {{{signals.selectors.decode}}}"
    seen = sum(moment.signals is not None and moment.signals.discovered != NOBODY for moment in moments)
    if seen:
        return (
            f"{service.key}: no decision in the whole span: of {len(moments)} ticks {seen} had replicas, and they are "
            f"counted for a window first; name a longer span, or say --current 4P12D"
        )
    return (
        f"{service.key}: no series match {selectors} between --from and --to; mend the selectors, or name other times"
    )
