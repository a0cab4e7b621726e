"""How a Prometheus-compatible server is reached, and how much it may cost us. Plain values; nothing is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusOptions:
    """Where, as whom, and within which bounds.

    Files are read again whenever they change. headers: extra ones, such as a tenant id. timeout_s: of one query.
    answer_bytes_max counts what comes out of decompression. rows_max: series in one answer.
    follow_server_clock: evaluate at the server's own time, so that our clock may be wrong or set back; False
    evaluates at the caller's instant, which is how recorded data is read.
    """

    url: str
    bearer_token_file: Path | None = None
    basic_auth_user: str = ""
    basic_auth_password_file: Path | None = None
    ca_file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 5.0
    concurrent_queries_max: int = 8
    answer_bytes_max: int = 16 * 1024 * 1024
    rows_max: int = 50_000
    follow_server_clock: bool = True
