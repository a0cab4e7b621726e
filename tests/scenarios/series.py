"""Prometheus's own test notation for series: `4000x1 _x4 100+50x3`; `_` is an absent reading.

`4000x1` is the value and one repeat (two samples), `100+50x3` four rising ones, `_x4` four absent ones, as in promtool.
"""

from __future__ import annotations

import re

NUMBER = r"-?\d+(?:\.\d+)?"
VALUE = re.compile(rf"^({NUMBER})(?:([+-])({NUMBER}))?(?:x(\d+))?$")
MISSING = re.compile(r"^_(?:x(\d+))?$")
OTHER = re.compile(r"^([^x_]+?)(?:x(\d+))?$")


def numbers(text: str) -> list[float | None]:
    """The samples of a series; None where it is absent."""
    samples: list[float | None] = []
    for token in str(text).split():
        if missing := MISSING.match(token):
            samples.extend([None] * int(missing.group(1) or 1))
        elif value := VALUE.match(token):
            start, sign, step, repeats = value.groups()
            rise = float(step) * (-1 if sign == "-" else 1) if step else 0.0
            samples.extend(float(start) + rise * i for i in range(int(repeats or 0) + 1))
        else:
            raise ValueError(f"not a sample: {token!r}")
    return samples


def words(text: str) -> list[str | None]:
    """The same for words, for instance bucket counts `10/80/10x3` or schedule entries `office-hoursx3`."""
    samples: list[str | None] = []
    for token in str(text).split():
        if missing := MISSING.match(token):
            samples.extend([None] * int(missing.group(1) or 1))
        elif word := OTHER.match(token):
            samples.extend([word.group(1)] * (int(word.group(2) or 0) + 1))
        else:
            raise ValueError(f"not a word: {token!r}")
    return samples
