"""A study as one self-contained page that opens without a network."""

from heteroscale.simulator.report.page import html_report

__all__ = ["html_report"]
