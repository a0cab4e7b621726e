"""A progress bar on a terminal, nothing elsewhere: it goes to standard error, beside what a pipe is to get."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from heteroscale.simulator.cell import RunRecord


class Progress:
    """Counts finished runs, and names the newest."""

    def __init__(self, words: str, total: int, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[newest]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(words, total=total, newest="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advanced(self, done: int, total: int, record: RunRecord) -> None:
        newest = f"{record.cell.policy.name} seed {record.cell.seed}"
        self._bar.update(self._task, completed=done, total=total, newest=newest)
