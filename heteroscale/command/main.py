"""`heteroscale VERB`: one file a verb, imported when it is asked for.

A caller's mistake ends with exit code 2 and a message that names what to mend; anything else that goes wrong is ours.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

PROGRAM = "heteroscale"
VERBS = (
    "serve", "webhook", "demo", "explain", "render", "validate", "plan", "place", "topology",
    "simulate", "sweep", "backtest",
)  # fmt: skip
CALLERS_MISTAKE = 2

Subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse gives it no public name


class Verb(Protocol):
    """What each verb's module offers; `add_parser` sets `run` as the parser's default."""

    def add_parser(self, subparsers: Subparsers[argparse.ArgumentParser]) -> None: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0, or 2 for a caller's mistake."""
    given = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Sizes the prefill and decode pools of disaggregated LLM inference together, through KEDA.",
        epilog=f"example:\n  {PROGRAM} demo\n  {PROGRAM} serve --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {program_version()}")
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in _wanted(given):
        import_module(f"heteroscale.command.{verb}").add_parser(subparsers)
    args = parser.parse_args(given)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def program_version() -> str:
    """Of the installed distribution."""
    try:
        return version(PROGRAM)
    except PackageNotFoundError:
        return "not installed"


def _wanted(given: Sequence[str]) -> Sequence[str]:
    """Only the verb that is named, so that it starts at once; all of them for `--help` and for a misspelt one."""
    named = next((word for word in given if not word.startswith("-")), "")
    return (named,) if named in VERBS else VERBS
