"""The demo on a terminal: load, both pools, both latencies against their targets, the last reason. Drawing only.

It fits 80 columns and 24 lines; what is wider or higher goes to longer curves, not to more things.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.explanation import sentence
from disaggregated_service.core.pair import Pair, Role
from heteroscale.command.demo_frame import Frame
from heteroscale.command.demo_report import clock, number
from heteroscale.command.demo_service import SLO, TICK_S

BARS = "▁▂▃▄▅▆▇█"
MOVES_SHOWN = 4
LABEL_COLUMNS = 28  # everything in a row but its curve


class LiveView:
    """A context manager; `show` one frame after the other."""

    def __init__(self, console: Console, *, until_s: float) -> None:
        self._console = console
        self._until_s = until_s
        self._frames: list[Frame] = []
        self._moves: deque[str] = deque(maxlen=MOVES_SHOWN)
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self._live.stop()

    def show(self, frame: Frame) -> None:
        self._frames.append(frame)
        if frame.moved:
            change = f"{frame.decision.in_force} → {frame.decision.granted}"
            self._moves.append(f"{clock(frame.at_s)}  {change:<19} {frame.decision.verdict.reason.value}")
        self._live.update(self.picture(), refresh=True)

    def picture(self) -> RenderableType:
        """The whole view as of the last frame."""
        frame = self._frames[-1]
        return Group(
            _title(frame, self._until_s),
            Panel(self._curves(max(10, self._console.width - LABEL_COLUMNS)), title="load and latency"),
            Panel(_pools(self._frames[-1]), title="pools"),
            Panel(self._reasons(), title="why"),
        )

    def _curves(self, width: int) -> Table:
        """Each curve from left to right as time goes, so that all of it ends where the progress bar does."""
        frames = self._frames
        width = max(1, round(width * (frames[-1].at_s + TICK_S) / self._until_s))
        now = frames[-1]
        table = Table.grid(padding=(0, 1), expand=False)
        for justify in ("left", "right", "left"):
            table.add_column(justify=justify, no_wrap=True)
        table.add_row("written", f"{number(now.decode_tps)} tok/s", _curve([f.decode_tps for f in frames], width))
        table.add_row("read", f"{number(now.prefill_tps)} tok/s", _curve([f.prefill_tps for f in frames], width))
        table.add_row(
            "TTFT p90",
            _against(now.ttft_s_p90, SLO.ttft_s, 1, "s"),
            _curve([f.ttft_s_p90 for f in frames], width, ceiling=SLO.ttft_s),
        )
        table.add_row(
            "TBT p90",
            _against(now.tbt_s_p90, SLO.tbt_s, 1000, "ms"),
            _curve([f.tbt_s_p90 for f in frames], width, ceiling=SLO.tbt_s),
        )
        replicas = [float(_size(f.ready)) for f in frames]
        table.add_row("replicas", f"{_size(now.ready)} ready", _curve(replicas, width))
        return table

    def _reasons(self) -> RenderableType:
        decision = self._frames[-1].decision
        lines = [Text(f"now  {_why(decision)}", overflow="ellipsis", no_wrap=True)]
        lines += [Text(move, style="dim", no_wrap=True) for move in reversed(self._moves)]
        return Group(*lines, *[Text("")] * (MOVES_SHOWN - len(self._moves)))


def _why(decision: Decision) -> str:
    """The step that the verdict names, in words."""
    reason = decision.verdict.reason
    return next((sentence(step) for step in decision.trail if step.reason is reason), reason.value)


def _title(frame: Frame, until_s: float) -> RenderableType:
    row = Table.grid(expand=True, padding=(0, 1))
    row.add_column(no_wrap=True)
    row.add_column(ratio=1)
    row.add_column(no_wrap=True, justify="right")
    words = Text.assemble((" heteroscale ", "bold reverse"), f" {frame.decision.service}  {clock(frame.at_s)}")
    bar = ProgressBar(total=until_s, completed=frame.at_s + TICK_S)
    row.add_row(words, bar, f"{frame.gpu_hours:,.0f} GPU-hours")
    return row


def _pools(frame: Frame) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(5):
        table.add_column(no_wrap=True)
    table.add_row("", "published", "wanted", "ready", "", style="dim")
    published = frame.decision.published or frame.decision.granted
    for role in Role:
        wanted, ready = frame.wanted.of(role), frame.ready.of(role)
        blocks = Text("■" * min(ready, wanted), style="green" if role is Role.PREFILL else "cyan")
        blocks.append("□" * max(0, wanted - ready), style="yellow")
        table.add_row(role.value, str(published.of(role)), str(wanted), str(ready), blocks)
    return table


def _curve(values: Sequence[float], width: int, ceiling: float | None = None) -> Text:
    """The worst of each column's share of the values; red above the ceiling, a gap where nothing is known."""
    known = [value for value in values if math.isfinite(value)]
    top = max([*known, ceiling or 0.0, 1e-9])
    text = Text()
    columns = min(width, len(values))
    for column in range(columns):
        begin, end = column * len(values) // columns, (column + 1) * len(values) // columns
        part = [value for value in values[begin:end] if math.isfinite(value)]
        if not part:
            text.append(" ")
            continue
        worst = max(part)
        bar = BARS[min(len(BARS) - 1, int(worst / top * len(BARS)))]
        text.append(bar, style="red" if ceiling is not None and worst > ceiling else "green")
    return text


def _against(value: float, target: float, factor: float, unit: str) -> Text:
    style = "red" if value > target else "green"
    return Text.assemble((number(value * factor, 1), style), f" / {target * factor:g} {unit}")


def _size(pair: Pair) -> int:
    return pair.prefill + pair.decode
