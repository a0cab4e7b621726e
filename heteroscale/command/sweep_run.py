"""What `sweep` does, once it is known what with."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress as Bar

from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.edge.folder import read_services
from heteroscale.command import sweep_text
from heteroscale.command.sweep_text import Swept
from heteroscale.command.writable import unwritable
from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.cell import slo_of
from heteroscale.simulator.engines import EnginePair, engine_named
from heteroscale.simulator.study_best import best_possible, impossible
from heteroscale.simulator.sweep import Split, Workload, best, ratio_sweep, steady_requests
from heteroscale.simulator.sweep_advice import advise, capacities
from heteroscale.simulator.trace import TraceError, read_trace
from heteroscale.simulator.world.result import Slo

STEADY_SIGMA = 0.2
"""Lengths that are only stated spread a little: a pressure test with equal ones marches in step."""


class CallersMistake(Exception):  # noqa: N818 - it is what exit code 2 is called
    """What is wrong with what was asked for, and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """requests: of the trace, None where lengths were only stated."""

    workload: Workload
    requests: Requests | None


def sweep(args: argparse.Namespace) -> None:
    """Sweeps, prints, and writes --json. Raises CallersMistake."""
    swept = _swept(args)
    sweep_text.show(swept, Console())
    if args.json is not None:
        args.json.write_text(json.dumps(sweep_text.as_json(swept), indent=1) + "\n", encoding="utf-8")


def _swept(args: argparse.Namespace) -> Swept:
    wrong = "" if args.json is None else unwritable(args.json)
    if wrong:
        raise CallersMistake(f"--json {args.json}: {wrong}")
    try:
        service = None if args.service is None else _service(args)
        engines = engine_named(args.engine)
        load = _load(args, _slo(args, service))
        _possible(engines, load)
        found = _splits(engines, load.workload, args.units)
        advice = advise(capacities(engines, load.workload, best(found).pair), load.workload, load.requests)
    except TraceError as error:
        raise CallersMistake(f"--trace {args.trace}: {error}") from None
    except OSError as error:
        raise CallersMistake(f"{error.filename}: {error.strerror}; name a file that can be read") from None
    except ValueError as error:
        raise CallersMistake(str(error)) from None
    return Swept(
        engine=args.engine, engines=engines, workload=load.workload, splits=found, advice=advice, service=service
    )


def _splits(engines: EnginePair, workload: Workload, units: int) -> Sequence[Split]:
    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("splits", total=units - 1)
        return ratio_sweep(engines, workload, units, watch=lambda done, of: bar.update(task, completed=done, total=of))


def _service(args: argparse.Namespace) -> DisaggregatedService:
    read = read_services(args.service)
    if read.faults:
        raise CallersMistake("\n".join(str(fault) for fault in read.faults))
    if len(read.services) != 1:
        raise CallersMistake(f"{args.service} holds {len(read.services)} services; write a file with the one to sweep")
    return read.services[0]


def _slo(args: argparse.Namespace, service: DisaggregatedService | None) -> Slo:
    if args.ttft is not None and args.tbt is not None:
        return Slo(args.ttft, args.tbt)
    if service is None:
        raise CallersMistake(
            "no SLO: name a SERVICE.yaml with guards, or write --ttft and --tbt, for instance 1s and 40ms"
        )
    own = slo_of(service)
    return Slo(args.ttft or own.ttft_s, args.tbt or own.tbt_s)


def _load(args: argparse.Namespace, slo: Slo) -> _Load:
    stated = (args.input_tokens, args.output_tokens)
    if args.trace is not None:
        if stated != (None, None):
            raise CallersMistake(
                "--input-tokens, --output-tokens: the lengths are the trace's; leave them, or --trace, out"
            )
        return _of_trace(args, slo)
    if None in stated:
        raise CallersMistake("--input-tokens, --output-tokens: write both, or name a --trace that has them")
    workload = Workload(
        prompt_tokens_mean=args.input_tokens,
        output_tokens_mean=args.output_tokens,
        slo=slo,
        attained_frac=args.attained,
        sigma=STEADY_SIGMA,
        seed=args.seed,
    )
    return _Load(workload=workload, requests=None)


def _of_trace(args: argparse.Namespace, slo: Slo) -> _Load:
    trace = read_trace(args.trace)
    shape = LoadShape(scale=1.0, prompt_tokens_mean=args.mean_input_tokens, seed=args.seed)
    requests = cut_into_requests(trace, shape, from_s=0.0, until_s=trace.end_s)
    workload = Workload(
        prompt_tokens_mean=float(requests.prompt_tokens.mean()),
        output_tokens_mean=float(requests.output_tokens.mean()),
        slo=slo,
        attained_frac=args.attained,
        sigma=shape.prompt_sigma,
        seed=args.seed,
    )
    return _Load(workload=workload, requests=requests)


def _possible(engines: EnginePair, load: _Load) -> None:
    """Raises CallersMistake for an SLO that not even an idle fleet keeps for enough of the requests."""
    workload = load.workload
    possible = best_possible(steady_requests(workload), engines.prefill, engines.decode, workload.slo)
    wrong = impossible(possible, workload.slo)
    if wrong:
        raise CallersMistake(f"{wrong}; raise the target, or take another engine")
    if possible.attained_frac < workload.attained_frac:
        raise CallersMistake(
            f"at most {possible.attained_frac:.4f} of these could meet both targets, each alone in an idle fleet, "
            f"and --attained asks for {workload.attained_frac:g}; raise the targets, or ask for less"
        )
