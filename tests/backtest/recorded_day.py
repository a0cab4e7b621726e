"""A service's recorded past for a real Prometheus: its load rises and falls while the pools stay as they are."""

from __future__ import annotations

from tests.fakes.exporter_text import Vllm
from tests.fakes.recording import EVERY_S, Recording, Step, work

PREFILL, DECODE = 2, 6


def day(name: str, *, factors: tuple[float, ...], minutes_each: float = 5.0, silent: range = range(0)) -> Recording:
    """Every decode replica writes 500 tokens/s times the factor of its stretch; nobody answers in the `silent` steps."""
    pools = {("prefill", f"p{n}"): Vllm() for n in range(PREFILL)} | {
        ("decode", f"d{n}"): Vllm() for n in range(DECODE)
    }
    recording = Recording(name)
    steps = int(minutes_each * 60 / EVERY_S)
    for index in range(steps * len(factors)):
        factor = factors[index // steps]
        for (place, _), replica in pools.items():
            work(replica, place, EVERY_S * factor)
            replica.waiting = 0.0
        said = {at: None if index in silent else replica.text() for at, replica in pools.items()}
        recording.steps.append(Step(index * EVERY_S, said))
    return recording
