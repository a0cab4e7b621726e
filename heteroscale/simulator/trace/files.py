"""From a file to a trace: which of the known formats it is shows in its first line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import chain
from pathlib import Path

from heteroscale.simulator.trace import azure_csv, minutes_csv, mooncake, rates_csv
from heteroscale.simulator.trace.recorded import RateTrace, Trace, TraceError

AZURE_HOUR = "azure2023_conv_per_minute.csv"
M_SMALL_DAY_1 = "servegen_m-small_day1_per_10min.csv"
M_SMALL_DAY_3 = "servegen_m-small_day3_per_10min.csv"
R1_DAY = "servegen_deepseek-r1_per_10min.csv"

FORMATS = (
    f"rates per window ({','.join(rates_csv.COLUMNS)}), counts per minute ({','.join(minutes_csv.COLUMNS)}), "
    f"single requests ({','.join(azure_csv.COLUMNS)}), or JSON lines with {', '.join(mooncake.FIELDS)}"
)


def read_trace(path: Path) -> Trace:
    """Read a trace in any of the four formats.

    Raises TraceError with the line where there is one, and OSError for a file that cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return read_lines(lines)
    except UnicodeDecodeError:
        raise TraceError("the file is not UTF-8 text; a trace is CSV or JSON lines") from None


def read_lines(lines: Iterable[str]) -> Trace:
    """The same from lines, the first of which tells the format."""
    rest: Iterator[str] = iter(lines)
    first = next(rest, "")
    if not first.strip():
        raise TraceError(f"line 1: empty; a trace begins with a header or a request: {FORMATS}")
    everything = chain([first], rest)
    if first.lstrip().startswith("{"):
        return mooncake.read_mooncake(everything)
    match first.split(",")[0].strip().strip('"'):
        case "second":
            return rates_csv.read_rates(everything)
        case "minute":
            return minutes_csv.read_minutes(everything)
        case "TIMESTAMP":
            return azure_csv.read_azure(everything)
        case other:
            raise TraceError(f"line 1: begins with {other[:40]!r}, which is none of the formats: {FORMATS}")


def shipped_trace(name: str = M_SMALL_DAY_1) -> RateTrace:
    """Read a trace that comes with the package; its origin and licence are in the file ORIGIN beside it."""
    text = (files("heteroscale.simulator") / "traces" / name).read_text(encoding="utf-8")
    trace = read_lines(text.splitlines())
    if not isinstance(trace, RateTrace):
        raise TraceError(f"{name} holds single requests; the shipped traces are rates")
    return trace
