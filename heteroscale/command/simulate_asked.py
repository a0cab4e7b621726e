"""What `simulate` was asked for, read and checked before anything is run."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from disaggregated_service.core.load_faults import load_faults
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.edge.folder import read_services
from heteroscale.command.simulate_options import DEFAULT_ENGINE
from heteroscale.command.writable import unwritable
from heteroscale.simulator.arrivals import LoadShape, Requests
from heteroscale.simulator.cell import slo_of
from heteroscale.simulator.engines import EnginePair, GridError, engine_named, fit_engine
from heteroscale.simulator.executor import Executor, local_executor
from heteroscale.simulator.executor_dask import Dask, UnreachableError
from heteroscale.simulator.loop_begin import requests_of
from heteroscale.simulator.objective import Objective, parse_objective
from heteroscale.simulator.policy.heteroscale import FixedSettings, MeasuredSettings, variant
from heteroscale.simulator.policy.registry import NAMES, Choice, default_choice, parse_choice
from heteroscale.simulator.study import StudySpec
from heteroscale.simulator.study_best import best_possible, impossible, unfitting
from heteroscale.simulator.study_complete import completed
from heteroscale.simulator.trace import TraceError, read_trace
from heteroscale.simulator.world.start_up import StartUp
from heteroscale.ticker.calendar import active_entries


class CallersMistake(Exception):  # noqa: N818 - it is what the exit code 2 is called
    """What is wrong with what was asked for, and what would be right."""


def spec_of(args: argparse.Namespace) -> tuple[StudySpec, Objective | None, list[str]]:
    """What is to be run, the objective if there is one, and what the caller should know.

    Raises CallersMistake for anything that cannot be run, the impossible SLO among it.
    """
    for file in (args.json, args.report):
        wrong = "" if file is None else unwritable(file)
        if wrong:
            raise CallersMistake(f"{file}: {wrong}")
    try:
        service = _service(args.service)
        slo_of(service)
        engines = _engines(args.engine, args.engine_fit)
        objective = parse_objective(args.objective) if args.objective else None
        policies = _policies(args.policy or ["all"])
        spec = _spec(args, service, engines, policies)
        notes = _checked(spec, objective)
        requests = requests_of(spec.cells()[0])
        service, more = completed(service, spec.prefill, spec.decode, requests)
        _tuned(service, policies, requests)
        return replace(spec, service=service), objective, notes + more
    except TraceError as error:
        raise CallersMistake(f"--trace {args.trace}: {error}") from None
    except OSError as error:
        raise CallersMistake(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise CallersMistake(str(error)) from None


def executor_of(args: argparse.Namespace) -> Executor:
    """Raises CallersMistake for a cluster that does not answer."""
    if args.dask is None:
        return local_executor(args.workers)
    try:
        return Dask(args.dask)
    except UnreachableError as error:
        raise CallersMistake(f"--dask {args.dask}: {error}") from None


def _spec(
    args: argparse.Namespace, service: DisaggregatedService, engines: EnginePair, policies: tuple[Choice, ...]
) -> StudySpec:
    trace = read_trace(args.trace)
    end_s = trace.end_s
    from_s, until_s = args.hours or (0.0, end_s)
    if from_s >= end_s:
        raise ValueError(f"--hours begins at {from_s / 3600:g}, after the trace ends at {end_s / 3600:g}")
    shape = LoadShape(scale=args.scale, prompt_tokens_mean=args.mean_input_tokens)
    return StudySpec(
        service=service,
        trace=args.trace.resolve(),
        trace_name=args.trace.name,
        shape=shape,
        prefill=engines.prefill,
        decode=engines.decode,
        engine_name=engines.name,
        policies=policies,
        seeds=args.seeds,
        from_s=from_s,
        until_s=min(until_s, end_s),
        start_up=StartUp(mean_s=args.start_up, jitter_s=args.start_up / 8),
        calendar=active_entries,
    )


def _engines(named: str | None, fit: Path | None) -> EnginePair:
    fitted = {}
    if fit is not None:
        try:
            fitted[fit.stem] = fit_engine(fit.read_text(encoding="utf-8").splitlines(), fit.stem)
        except GridError as error:
            raise ValueError(f"--engine-fit {fit}: {error}") from None
    return engine_named(named or next(iter(fitted), DEFAULT_ENGINE), fitted)


def _service(path: Path) -> DisaggregatedService:
    read = read_services(path)
    if read.faults:
        raise ValueError("\n".join(str(fault) for fault in read.faults))
    if len(read.services) != 1:
        raise ValueError(f"{path} holds {len(read.services)} services; write a file with the one to be simulated")
    return read.services[0]


def _policies(texts: list[str]) -> tuple[Choice, ...]:
    choices: list[Choice] = []
    for text in texts:
        choices += [default_choice(name) for name in NAMES] if text == "all" else [parse_choice(text)]
    return tuple(dict.fromkeys(choices))


def _checked(spec: StudySpec, objective: Objective | None) -> list[str]:
    """Notes for the caller. Raises ValueError for an SLO that no fleet can meet, however large."""
    requests = requests_of(spec.cells()[0])
    slo = slo_of(spec.service)
    best = best_possible(requests, spec.prefill, spec.decode, slo)
    wrong = unfitting(best, spec.decode) or impossible(best, slo)
    if wrong:
        raise ValueError(f"{wrong}; raise the target in {spec.service.key}, or take another engine or load")
    for condition in objective.conditions if objective else ():
        if condition.figure == "slo_attainment_frac" and condition.at_least and condition.bound > best.attained_frac:
            raise ValueError(
                f"slo_attainment_frac >= {condition.bound:g} cannot be met: of this load at most "
                f"{best.attained_frac:.4f} could meet both targets, every request alone in an idle fleet"
            )
    if best.attained_frac < 0.995:
        return [f"note: {100 * (1 - best.attained_frac):.1f} % of the requests miss a target even in an idle fleet"]
    return []


def _tuned(service: DisaggregatedService, policies: tuple[Choice, ...], requests: Requests) -> None:
    """Raises ValueError for settings of ours that `serve` would refuse in a service."""
    for choice in policies:
        if isinstance(choice.settings, FixedSettings | MeasuredSettings):
            faults = list(load_faults(variant(service, choice.settings, requests).spec))
            if faults:
                raise ValueError("\n".join(f"--policy {choice.label}: {fault}" for fault in faults))
