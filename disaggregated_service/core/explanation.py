"""A decision in words, the same in `explain`, logs, events, status and the page. Rendering only: nothing is
decided.

Sentences are printed with whatever numbers a step carries, so a rule may add one without a change here.
"""

from __future__ import annotations

from typing import assert_never

from disaggregated_service.core.decision import Condition, Decision, Hold, ReadingNote, ReadingState, Scale
from disaggregated_service.core.number_words import listed, quantity, span
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.reason_words import CONDITION_WORDS, REASON_WORDS
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import TrailStep

NOBODY = "the service"


def sentence(step: TrailStep) -> str:
    """`decode asks for more: ... (load 9,500 tok/s, need 5): 4P 12D -> 5P 15D`.

    A subject may end in `:why`, the code of what is missing (`decode:no_series`).
    """
    of, _, why = step.subject.partition(":")
    words = REASON_WORDS[step.reason].format(of=of or NOBODY)
    numbers = ", ".join(part for part in (why.replace("_", " "), listed(step.numbers)) if part)
    change = "" if step.before == step.after else f": {step.before} -> {step.after}"
    return f"{words}{f' ({numbers})' if numbers else ''}{change}"


def condition_sentence(condition: Condition) -> str:
    """What stands, about what, with its numbers."""
    of, _, why = condition.subject.partition(":")
    words = CONDITION_WORDS[condition.type].format(of=of or NOBODY)
    numbers = ", ".join(part for part in (why.replace("_", " "), listed(condition.numbers)) if part)
    return f"{words} ({numbers})" if numbers else words


def headline(decision: Decision) -> str:
    """`llm/chat-70b #812: 4P 12D -> 5P 15D (load_out)`, or `stays 4P 12D`."""
    subject = f"{decision.service} #{decision.sequence}"
    reason = decision.verdict.reason.value
    match decision.verdict:
        case Scale():
            return f"{subject}: {decision.in_force} -> {_outcome(decision)} ({reason})"
        case Hold():
            return f"{subject}: stays {decision.in_force} ({reason})"
        case _ as never:
            assert_never(never)


def explain(decision: Decision) -> str:
    """Headline, the pairs, every step of the trail, every reading, every condition; one thing a line."""
    published = "nothing (advisory)" if decision.published is None else str(decision.published)
    wanted = f"targets {decision.targets}, granted {decision.granted}, published {published}"
    seen = f"ready {decision.ready} of {decision.discovered} discovered"
    lines = [headline(decision), f"  {decision.mode.value}: {wanted}; {seen}"]
    lines += _block("why", [f"{step.stage.value:<10}{step.reason.value}: {sentence(step)}" for step in decision.trail])
    lines += _block("readings", [_reading(reading) for reading in decision.readings])
    lines += _block(
        "conditions",
        [f"{condition.type.value}: {condition_sentence(condition)}" for condition in decision.conditions],
    )
    return "\n".join(lines)


def _outcome(decision: Decision) -> Pair:
    return decision.targets if decision.mode is Mode.ADVISORY else decision.granted


def _block(title: str, lines: list[str]) -> list[str]:
    return [f"  {title}:", *(f"    {line}" for line in lines)] if lines else []


def _reading(reading: ReadingNote) -> str:
    parts = [_state(reading)]
    if reading.state is not ReadingState.ABSENT:
        parts += [f"{reading.samples:,} samples", f"{span(reading.age_s)} old"]
    if reading.ready or reading.covered:
        parts.append(f"{reading.covered} of {reading.ready} replicas")
    if reading.name_used:
        parts.append(f"read as {reading.name_used}")
    if reading.names_missing:
        parts.append(f"missing {', '.join(reading.names_missing)}")
    return f"{reading.signal}: {', '.join(parts)}"


def _state(reading: ReadingNote) -> str:
    match reading.state:
        case ReadingState.PRESENT:
            return "present" if reading.value is None else quantity(reading.signal, reading.value)
        case ReadingState.QUIET:
            return "quiet"
        case ReadingState.ABSENT:
            return f"absent: {reading.why}" if reading.why else "absent"
        case _ as never:
            assert_never(never)
