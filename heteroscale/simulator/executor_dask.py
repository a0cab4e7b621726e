"""Cells on a Dask cluster. `distributed` is an optional extra: whoever has no cluster need not install it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_S = 10.0


class UnreachableError(Exception):
    """There is no cluster to be had; says why and what would help."""


class Dask:
    """One connection to a scheduler; its workers need this package in the same version."""

    def __init__(self, address: str, *, connect_s: float = CONNECT_S) -> None:
        """Raises UnreachableError where `distributed` is missing or nobody answers within `connect_s`."""
        try:
            distributed: Any = import_module("distributed")
        except ImportError:
            raise UnreachableError("the package distributed is missing: pip install 'heteroscale[dask]'") from None
        try:
            self._client = distributed.Client(address, timeout=connect_s, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UnreachableError(f"no Dask scheduler answers at {address} within {connect_s:g} s: {error}") from None

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        futures = self._client.map(function, list(items), pure=False)
        return (future.result() for future in futures)

    def close(self) -> None:
        self._client.close()
