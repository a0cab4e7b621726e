"""Where cells are run: here, in processes of this machine, or on a Dask cluster.

Results come in the order of the items. What is run is a module's function on plain values, so that any of these can
carry it; nothing comes out differently for where it ran.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Anything that can map."""

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Results in the order of `items`, each as soon as it and those before it are done."""
        ...

    def close(self) -> None: ...


class InThisProcess:
    """One after the other, without any machinery."""

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        return map(function, items)

    def close(self) -> None:
        """Nothing is held."""


class Processes:
    """Workers on this machine. They are spawned and not forked, since a fork copies threads' locks in any state."""

    def __init__(self, workers: int) -> None:
        """Raises ValueError for less than one worker."""
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self._pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        return self._pool.map(function, items)

    def close(self) -> None:
        """Cells that have not begun are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def local_executor(workers: int) -> Executor:
    """The simplest that does it. Raises ValueError for less than one worker."""
    return InThisProcess() if workers == 1 else Processes(workers)
