"""How replicas are scraped, and how much one may cost us. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

REQUEST_S_MAX = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeOptions:
    """interval_s: between two scrapes of a replica. body_bytes_max, series_max: of one answer.

    dns_kept_s: how long a name's last answer stands in when the name cannot be resolved.
    """

    interval_s: float = 5.0
    concurrent_requests_max: int = 64
    body_bytes_max: int = 8 * 1024 * 1024
    series_max: int = 20_000
    dns_kept_s: float = 300.0

    @property
    def request_s_max(self) -> float:
        return min(self.interval_s, REQUEST_S_MAX)
