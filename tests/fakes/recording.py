"""What replicas said over time, played to either source: scraped in lockstep, or loaded into a Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scaler.edge.signal_source import Instant
from tests.fakes.exporter_text import Vllm

EVERY_S = 15.0

Said = str | None
"""A replica's `/metrics`; None: it did not answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """One scrape of everybody. Replicas that are not named do not exist (any more)."""

    at_s: float
    said: Mapping[tuple[str, str], Said]  # (place, replica) to text


@dataclass(slots=True)
class Recording:
    """Steps of one service, known by the label `recording` with its name."""

    name: str
    steps: list[Step] = field(default_factory=list)

    def openmetrics(self, start_unix_s: float) -> Iterator[str]:
        """Lines with timestamps and the labels that a scrape configuration would have added, `up` included."""
        for step in self.steps:
            at = start_unix_s + step.at_s
            for (place, replica), text in step.said.items():
                target = f'recording="{self.name}",role="{place}",pod="{replica}",instance="{replica}:8000",job="j"'
                yield f"up{{{target}}} {0 if text is None else 1} {at}"
                for line in (text or "").splitlines():
                    if line and not line.startswith("#"):
                        head, value = line.rsplit(" ", 1)
                        name, _, labels = head.rstrip("}").partition("{")
                        yield f"{name}{{{target}{',' + labels if labels else ''}}} {value} {at}"

    def selector(self, place: str) -> str:
        return f'recording="{self.name}",role="{place}"'

    @property
    def ends_at_s(self) -> float:
        return self.steps[-1].at_s


def instant(at_s: float, start_unix_s: float = 0.0) -> Instant:
    return Instant(now_s=1000.0 + at_s, unix_s=start_unix_s + at_s)


def steady(name: str, *, prefill: int = 2, decode: int = 4, until_s: float = 120.0) -> Recording:
    """Every prefill replica computes 1000 prompt tokens a second, every decode replica writes 500."""
    pools = {("prefill", f"p{n}"): Vllm() for n in range(prefill)} | {
        ("decode", f"d{n}"): Vllm() for n in range(decode)
    }
    recording = Recording(name)
    for index in range(int(until_s / EVERY_S) + 1):
        for (place, _), replica in pools.items():
            work(replica, place, EVERY_S)
        recording.steps.append(Step(index * EVERY_S, {at: replica.text() for at, replica in pools.items()}))
    return recording


def work(replica: Vllm, place: str, seconds: float) -> None:
    """One replica's work: two requests a second, one in ten of them slow."""
    requests = 2.0 * seconds
    if place == "prefill":
        replica.prompt_computed += 1000 * seconds
        replica.prompt_cached += 300 * seconds
        replica.generated += requests
        replica.waiting, replica.running = 1.0, 2.0
        for bound_s, share in ((0.25, 0.6), (0.5, 0.3), (2.5, 0.1)):
            replica.ttft[bound_s] = replica.ttft.get(bound_s, 0.0) + share * requests
    else:
        replica.generated += 500 * seconds
        replica.prompt_transferred += 1300 * seconds
        replica.waiting, replica.running = 0.0, 20.0
        for tbt_s, share in ((0.025, 0.9), (0.05, 0.05), (None, 0.05)):
            replica.tbt[tbt_s] = replica.tbt.get(tbt_s, 0.0) + share * requests
