from dataclasses import replace

import pytest

from disaggregated_service.core.decision import (
    Condition,
    ConditionType,
    Decision,
    Hold,
    ReadingNote,
    ReadingState,
    Scale,
)
from disaggregated_service.core.explanation import condition_sentence, explain, headline, sentence
from disaggregated_service.core.number_words import named
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.reason_words import CONDITION_WORDS, REASON_WORDS
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage, TrailStep

DECISION = Decision(
    service=ServiceKey("llm", "chat-70b"),
    sequence=812,
    mode=Mode.ACTIVE,
    verdict=Scale(Reason.LOAD_OUT),
    in_force=Pair(4, 12),
    targets=Pair(5, 15),
    granted=Pair(5, 15),
    published=Pair(5, 15),
    ready=Pair(4, 12),
    discovered=Pair(4, 13),
    trail=(
        TrailStep(
            Stage.LOAD,
            Pair(4, 12),
            Pair(5, 15),
            Reason.LOAD_OUT,
            "decode",
            (("load_tps", 26500.0), ("need", 13.95), ("threshold_frac", 1.1)),
        ),
        TrailStep(Stage.GUARD, Pair(5, 15), Pair(5, 15), Reason.GUARD_QUIET, "tbt p90", (("samples", 3),)),
    ),
    conditions=(Condition(ConditionType.GUARD_COARSE, "tbt p90", (("bound_s", 0.05), ("target_s", 0.04))),),
    readings=(
        ReadingNote(
            "decode_tps",
            ReadingState.PRESENT,
            26500.0,
            samples=48,
            age_s=12,
            covered=12,
            ready=12,
            name_used="vllm:generation_tokens_total",
        ),
        ReadingNote("prefill_waiting", ReadingState.ABSENT, names_missing=("a", "b"), why="no_series"),
        ReadingNote("ttft", ReadingState.QUIET, samples=3, age_s=4.5),
    ),
)

LOAD_OUT = (
    "decode carries more than its target: more replicas are asked for "
    "(load 26,500 tok/s, need 13.95, threshold 110%): 4P 12D -> 5P 15D"
)
COARSE = (
    "the buckets around the target of tbt p90 are coarse, so it fires late: choose a target at a bucket's bound "
    "(bound 50 ms, target 40 ms)"
)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("load_tps", 9500.0, "load 9,500 tok/s"),
        ("load_tps_per_replica", 1900.5, "load tps per replica 1,900.5 tok/s"),
        ("bound_s", 0.05, "bound 50 ms"),
        ("age_s", 12, "age 12 s"),
        ("left_s", 600.0, "left 10 min"),
        ("memory_s", 7200, "memory 2 h"),
        ("left_s", 0.0, "left 0 s"),
        ("slow_frac", 0.31, "slow 31%"),
        ("tier_frac", 1.2, "tier 120%"),
        ("in_force", 4, "in force 4"),
        ("need", 4.256, "need 4.26"),
        ("need", 5.0, "need 5"),
        ("tiny", 0.00012, "tiny 0.00012"),
        ("samples", 12345, "samples 12,345"),
    ],
)
def test_a_number_takes_its_unit_from_the_end_of_its_name(name: str, value: float, words: str) -> None:
    assert named(name, value) == words


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    words = sentence(TrailStep(Stage.LOAD, Pair(1, 3), Pair(2, 6), reason, "decode", (("need", 6.0),)))
    assert words.endswith("(need 6): 1P 3D -> 2P 6D")
    assert "{" not in words


@pytest.mark.parametrize("kind", list(ConditionType))
def test_every_condition_has_a_sentence(kind: ConditionType) -> None:
    assert "{" not in condition_sentence(Condition(kind))
    assert condition_sentence(Condition(kind, "tbt p90", (("bound_s", 0.05),))).endswith("(bound 50 ms)")


def test_a_subject_may_say_why() -> None:
    step = TrailStep(Stage.LOAD, Pair(4, 12), Pair(4, 12), Reason.ABSENT_LOAD, "decode:no_series")
    assert sentence(step) == "the load of decode is unknown: it asks for nothing and nothing shrinks (no series)"


def test_the_tables_of_words_hold_nothing_else() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert set(CONDITION_WORDS) == set(ConditionType)


def test_a_headline_says_who_what_and_why() -> None:
    assert headline(DECISION) == "llm/chat-70b #812: 4P 12D -> 5P 15D (load_out)"
    assert (
        headline(replace(DECISION, verdict=Hold(Reason.WITHIN_BAND))) == "llm/chat-70b #812: stays 4P 12D (within_band)"
    )


def test_in_advisory_mode_the_targets_are_the_outcome() -> None:
    advisory = replace(DECISION, mode=Mode.ADVISORY, published=None, granted=Pair(4, 12))
    assert "4P 12D -> 5P 15D" in headline(advisory)
    assert "published nothing (advisory)" in explain(advisory)


def test_a_decision_is_explained_with_its_steps_readings_and_conditions() -> None:
    assert explain(DECISION).splitlines() == [
        "llm/chat-70b #812: 4P 12D -> 5P 15D (load_out)",
        "  active: targets 5P 15D, granted 5P 15D, published 5P 15D; ready 4P 12D of 4P 13D discovered",
        "  why:",
        f"    load      load_out: {LOAD_OUT}",
        "    guard     guard_quiet: tbt p90 has too few samples to say anything (samples 3)",
        "  readings:",
        "    decode_tps: 26,500 tok/s, 48 samples, 12 s old, 12 of 12 replicas, read as vllm:generation_tokens_total",
        "    prefill_waiting: absent: no_series, missing a, b",
        "    ttft: quiet, 3 samples, 4.5 s old",
        "  conditions:",
        f"    GuardCoarse: {COARSE}",
    ]
