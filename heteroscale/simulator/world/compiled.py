"""The one place that knows the compiler of the fast world's inner loops: Numba.

What is compiled is kept for the next process. Numba forgets a kept function when its own file changes, but not when a
file changes whose functions it has taken in; so the folder is named by a stamp of all the compiled modules' sources.
Nothing that `serve` or the demo imports may import this module: Numba alone takes half a second.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

_HERE = Path(__file__).parent


def compiled(function: F) -> F:
    """The function as machine code, compiled when first called; IEEE arithmetic in the order that is written."""
    return cast(F, numba.njit(cache=_KEPT, error_model="numpy")(function))


def _stamp() -> str:
    sources = hashlib.sha256()
    for path in sorted(_HERE.glob("*.py")):
        sources.update(path.read_bytes())
    return sources.hexdigest()[:16]


def _folder() -> Path | None:
    """Beside the sources, else in the user's cache; None where neither can be written, and every process compiles."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for place in (_HERE / "__pycache__", user / "heteroscale"):
        folder = place / f"compiled-{_stamp()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _keep() -> bool:
    if os.environ.get("NUMBA_CACHE_DIR"):
        return True
    folder = _folder()
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined] # the module makes its attributes from the environment
    return folder is not None


_KEPT = _keep()
