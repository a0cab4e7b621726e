"""The program's own metrics: what they say, what they leave out, and that each is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from disaggregated_service.core.pair import Pair, ServiceKey
from heteroscale.ticker.round_metrics import RoundMetrics
from scaler.edge.telemetry import Telemetry
from tests.scaler.edge.board_world import CHAT, INTERVAL_S, World, busy

REFERENCE = Path(__file__).resolve().parents[3] / "docs/reference/metrics.md"
SUFFIXES = ("_bucket", "_count", "_sum", "_created")
SERVICE = {"namespace": "llm", "service": "chat-70b"}


class Scraped:
    """One scrape, to be asked for samples."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.text = telemetry.exposition("")[0].decode()
        self.samples = [sample for family in text_string_to_metric_families(self.text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The one sample of that name with these labels, or None."""
        found = [
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert len(found) <= 1, found
        return found[0] if found else None


def scraped(world: World) -> Scraped:
    return Scraped(Telemetry(world.board, version="1.2.3"))


def busy_world() -> World:
    world = World()
    world.publish(world.entry(None, decision=busy()))
    return world


@pytest.mark.parametrize(
    ("name", "prefill", "decode"),
    [
        ("in_force", 4, 12),
        ("target", 5, 15),
        ("granted", 5, 15),
        ("published", 5, 15),
        ("ready", 4, 11),
        ("discovered", 4, 11),
    ],
)
def test_every_count_of_the_decision_is_shown_for_both_roles(name: str, prefill: int, decode: int) -> None:
    seen = scraped(busy_world())
    assert seen.value(f"heteroscale_{name}_replicas", role="prefill", **SERVICE) == prefill
    assert seen.value(f"heteroscale_{name}_replicas", role="decode", **SERVICE) == decode


def test_need_ratios_guards_conditions_and_readings_come_from_the_decision() -> None:
    seen = scraped(busy_world())
    assert seen.value("heteroscale_need_replicas", role="decode") == 13.6
    assert seen.value("heteroscale_need_replicas", role="prefill") is None
    assert seen.value("heteroscale_wanted_ratio") == pytest.approx(5 / 15)
    assert seen.value("heteroscale_ready_ratio") == pytest.approx(4 / 11)
    assert seen.value("heteroscale_guard_state", guard="tbt_p90", state="forbidding") == 1
    assert seen.value("heteroscale_guard_state", guard="ttft_p90", state="absent") == 1
    assert seen.value("heteroscale_condition", type="GuardCoarse", subject="tbt_p90") == 1
    assert seen.value("heteroscale_reading_absent", signal="ttft", why="source_slow") == 1
    assert seen.value("heteroscale_reading_absent", signal="decode_tps") == 0
    assert seen.value("heteroscale_reading_age_seconds", signal="ttft") is None
    assert seen.value("heteroscale_reading_age_seconds", signal="decode_tps") == 6.2
    assert seen.value("heteroscale_reading_covered_replicas", signal="decode_tps") == 11


def test_an_advisory_service_publishes_no_series() -> None:
    world = World()
    world.publish(world.entry(Pair(4, 12), advisory=True))
    seen = scraped(world)
    assert seen.value("heteroscale_target_replicas", role="decode") == 12
    assert seen.value("heteroscale_published_replicas", role="decode") is None
    assert seen.value("heteroscale_service_info", mode="advisory") == 1


def test_a_service_without_a_decision_shows_that_and_no_zeros() -> None:
    world = World()
    world.publish(world.entry(None))
    seen = scraped(world)
    assert seen.value("heteroscale_service_undecided", **SERVICE) == 1
    assert seen.value("heteroscale_target_replicas", role="decode") is None
    assert seen.value("heteroscale_decision_age_seconds") is None


def test_ages_are_those_of_the_moment_of_the_scrape() -> None:
    world = busy_world()
    telemetry = Telemetry(world.board, version="1.2.3")
    world.clock.now_s += 31
    assert Scraped(telemetry).value("heteroscale_decision_age_seconds", **SERVICE) == 31


def test_ticks_add_up_verdicts_and_gpu_seconds_once_an_evaluation() -> None:
    world = World()
    telemetry = Telemetry(world.board, version="1.2.3")
    entry = world.entry(None, decision=busy())
    telemetry.tick_finished(0.2, [entry], INTERVAL_S)
    telemetry.tick_finished(0.2, [entry], INTERVAL_S)  # could not be evaluated in this tick: nothing is added
    world.clock.now_s += INTERVAL_S
    telemetry.tick_finished(0.2, [world.entry(None, decision=busy(813))], INTERVAL_S)
    seen = Scraped(telemetry)
    assert seen.value("heteroscale_decisions_total", verdict="scale", reason="load_out", **SERVICE) == 2
    assert seen.value("heteroscale_wished_gpu_seconds_total", **SERVICE) == 2 * (5 + 15) * 4 * INTERVAL_S
    assert seen.value("heteroscale_running_gpu_seconds_total", **SERVICE) == 2 * (4 + 11) * 4 * INTERVAL_S
    assert seen.value("heteroscale_tick_duration_seconds_count") == 3


def test_a_service_that_goes_away_takes_its_counters_with_it() -> None:
    world = World()
    telemetry = Telemetry(world.board, version="1.2.3")
    telemetry.tick_finished(0.2, [world.entry(Pair(4, 12)), world.entry(Pair(1, 3), key=ServiceKey("llm", "b"))], 15)
    telemetry.tick_finished(0.2, [world.entry(Pair(4, 12))], 15)
    seen = Scraped(telemetry)
    assert seen.value("heteroscale_wished_gpu_seconds_total", service=CHAT.name) is not None
    assert seen.value("heteroscale_wished_gpu_seconds_total", service="b") is None


def test_failures_are_counted() -> None:
    telemetry = Telemetry(World().board, version="1.2.3")
    telemetry.reload_failed()
    telemetry.persist_failed()
    telemetry.certificate_failed()
    seen = Scraped(telemetry)
    for name in ("reload", "persist", "certificate"):
        assert seen.value(f"heteroscale_{name}_failures_total") == 1


def test_every_exported_metric_is_documented_with_what_to_do_and_nothing_else_is() -> None:
    world = busy_world()
    telemetry = Telemetry(world.board, version="1.2.3")
    RoundMetrics(telemetry, world.board, interval_s=INTERVAL_S, now_s=world.clock)
    telemetry.tick_finished(0.2, world.board.entries(), INTERVAL_S)
    telemetry.rpc_finished("IsActive", "OK", 0.0001)
    exported = set()
    for sample in Scraped(telemetry).samples:
        base = next(
            (sample.name.removesuffix(suffix) for suffix in SUFFIXES if sample.name.endswith(suffix)), sample.name
        )
        if base.startswith("heteroscale_") and not sample.name.endswith("_created"):
            exported.add(base)
    rows = re.findall(
        r"^\| `(heteroscale_\w+)` \|[^|]*\|[^|]+\|([^|]+)\|$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE
    )
    ours = [name for name, _ in rows if not name.startswith("heteroscale_webhook_")]  # the webhook's: with the webhook
    assert sorted(ours) == sorted(exported)
    assert [name for name, remedy in rows if len(remedy.strip()) < 10] == []
