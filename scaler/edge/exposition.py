"""The samples of one `/metrics` answer, of the names that are wanted.

An engine exposes hundreds of lines of which some fifty matter, the same ones every time. So the wanted lines are
picked by one expression, and a line's labels are parsed once and remembered: what is left per scrape is a number.
It knows the text format 0.0.4, never what a name means. Timestamps in the text are ignored; the first of two equal
series counts, as in Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from scaler.edge.series import Labels

HEAD_BYTES_MAX = 4096
"""Of one name with its labels. The time to parse labels grows with their square: 2 MB of them take twenty seconds."""
HEADS_BYTES_MAX = 32 * 1024 * 1024
"""Of all that are remembered."""
FIRST_LINE = re.compile(rb"\s*(#|[a-zA-Z_:][a-zA-Z0-9_:]*[ \t]*[{ \t])")


class Malformed(Exception):  # noqa: N818 - it says what the text is
    """The answer is not the text format, or ends in the middle."""


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """A series: its name and its labels, sorted."""

    name: str
    labels: Labels


class Exposition:
    """Reads the series of certain names from any number of answers."""

    def __init__(self, names: Iterable[str], *, heads_bytes_max: int = HEADS_BYTES_MAX) -> None:
        wanted = "|".join(re.escape(name) for name in sorted(names, reverse=True))
        line = rf"^((?:{wanted})(?:[ \t]*\{{[^\n]*\}})?)[ \t]+([^ \t\r\n]+)"
        self._line = re.compile(line.encode(), re.MULTILINE)
        self._keys: dict[bytes, SeriesKey] = {}
        self._keys_bytes = 0
        self._keys_bytes_max = heads_bytes_max

    def read(self, body: bytes, *, series_max: int) -> Mapping[SeriesKey, float]:
        """Value of each wanted series. Raises Malformed."""
        if not body.strip():
            return {}
        if not FIRST_LINE.match(body) or not body.endswith(b"\n"):
            raise Malformed("not the text exposition format")
        found: dict[SeriesKey, float] = {}
        try:
            for head, value in self._line.findall(body):
                key = self._keys.get(head) or self._parsed(head)
                if key not in found:
                    found[key] = float(value)
                if len(found) > series_max:  # said before the rest is parsed: that takes time from everybody
                    raise Malformed(f"more than {series_max} series")
        except (ValueError, LookupError) as error:
            raise Malformed(str(error)[:200]) from error
        return found

    def _parsed(self, head: bytes) -> SeriesKey:
        if len(head) > HEAD_BYTES_MAX:
            raise Malformed(f"a series with {len(head)} bytes of labels: {head[:100]!r}")
        families = list(text_string_to_metric_families(f"{head.decode()} 0\n"))
        if len(families) != 1 or len(families[0].samples) != 1:
            raise Malformed(f"not one sample: {head[:100]!r}")
        sample = families[0].samples[0]
        key = SeriesKey(sample.name, tuple(sorted(sample.labels.items())))
        self._keys_bytes += len(head)
        if self._keys_bytes > self._keys_bytes_max:
            self._keys.clear()  # labels that change all the time are not worth remembering
            self._keys_bytes = len(head)
        self._keys[head] = key
        return key
