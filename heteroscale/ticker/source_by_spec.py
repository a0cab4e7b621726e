"""One source made of several: each service is observed by the one its spec names.

It must never know what a source does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.signals_spec import SignalSource
from scaler.core.observation import Signals
from scaler.edge.signal_source import Instant, Source


class SourceBySpec:
    """Implements `scaler.edge.signal_source.Source`; a service whose source is not here is left out."""

    def __init__(self, sources: Mapping[SignalSource, Source]) -> None:
        self._sources = dict(sources)

    async def observe(
        self, services: Sequence[DisaggregatedService], instant: Instant, *, deadline_s: float
    ) -> Mapping[ServiceKey, Signals]:
        """All sources at once, within the same deadline."""
        asked = [(source, self._of(kind, services)) for kind, source in self._sources.items()]
        answers = await asyncio.gather(
            *(source.observe(theirs, instant, deadline_s=deadline_s) for source, theirs in asked)
        )
        return {key: signals for answer in answers for key, signals in answer.items()}

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._sources.values()))

    def _of(self, kind: SignalSource, services: Sequence[DisaggregatedService]) -> list[DisaggregatedService]:
        return [service for service in services if service.spec.signals and service.spec.signals.source is kind]
