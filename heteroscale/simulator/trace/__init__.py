"""Recorded loads: what they are, and the four formats they are read from."""

from heteroscale.simulator.trace.files import (
    AZURE_HOUR,
    M_SMALL_DAY_1,
    M_SMALL_DAY_3,
    R1_DAY,
    read_lines,
    read_trace,
    shipped_trace,
)
from heteroscale.simulator.trace.rates_csv import read_rates
from heteroscale.simulator.trace.recorded import FloatArray, IntArray, RateTrace, RequestTrace, Trace, TraceError

__all__ = [
    "AZURE_HOUR",
    "M_SMALL_DAY_1",
    "M_SMALL_DAY_3",
    "R1_DAY",
    "FloatArray",
    "IntArray",
    "RateTrace",
    "RequestTrace",
    "Trace",
    "TraceError",
    "read_lines",
    "read_rates",
    "read_trace",
    "shipped_trace",
]
