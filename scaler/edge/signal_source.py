"""What every source of readings offers. Prometheus and our own scraping are the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from scaler.core.observation import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One moment, on both clocks: monotonic for ages, wall for asking Prometheus. One per tick for all queries."""

    now_s: float
    unix_s: float


class Source(Protocol):
    """Collects readings. Never raises for trouble of the outside world: that is an `Absent` reading."""

    async def observe(
        self, services: Sequence[DisaggregatedService], instant: Instant, *, deadline_s: float
    ) -> Mapping[ServiceKey, Signals]:
        """Signals of every given service, within `deadline_s` seconds; a service left out could not be observed."""
        ...

    async def close(self) -> None: ...
