"""Whom a call asks about, and what a caller is told who did not say."""

from __future__ import annotations

import pytest

from disaggregated_service.core.pair import Role, ServiceKey
from scaler.edge.keda_reference import ECHO_CHARS_MAX, Malformed, Reference, echo, read_reference

GOOD = {"scalerAddress": "heteroscale:6000", "service": "chat-70b", "role": "decode"}


def wrong(namespace: str, metadata: dict[str, str]) -> str:
    found = read_reference(namespace, metadata)
    assert isinstance(found, Malformed)
    return found.wrong


def test_a_reference_names_a_service_in_the_scaled_objects_own_namespace() -> None:
    assert read_reference("llm", GOOD) == Reference(ServiceKey("llm", "chat-70b"), Role.DECODE)


@pytest.mark.parametrize(
    ("namespace", "changes", "words"),
    [
        ("", {}, "namespace: missing"),
        ("llm", {"service": ""}, "scalerMetadata.service: missing; set it to"),
        ("llm", {"role": ""}, "scalerMetadata.role: missing; set it to prefill or decode"),
        ("llm", {"role": "decoder"}, "'decoder' is neither prefill nor decode; did you mean decode?"),
        ("llm", {"role": "Prefill"}, "'Prefill' is neither prefill nor decode; did you mean prefill?"),
        ("llm", {"role": "router"}, "'router' is neither prefill nor decode; write one of them"),
        ("llm", {"service": "other/chat-70b"}, "own namespace, so write the name alone"),
    ],
)
def test_a_malformed_reference_names_the_field_and_the_remedy(
    namespace: str, changes: dict[str, str], words: str
) -> None:
    assert words in wrong(namespace, GOOD | changes)


@pytest.mark.parametrize("near", ["serviceName", "Service", "servce"])
def test_a_misspelt_key_is_pointed_at(near: str) -> None:
    assert f"you wrote '{near}'; the key is 'service'" in wrong("llm", {near: "chat-70b", "role": "decode"})


def test_what_a_caller_sent_comes_back_short_and_on_one_line() -> None:
    assert len(wrong("llm", GOOD | {"role": "x" * 60_000})) < 200
    assert len(wrong("llm", {"service" + "x" * 60_000: "chat-70b"})) < 300
    assert "\n" not in echo("a\nb")
    assert echo("y" * ECHO_CHARS_MAX) == repr("y" * ECHO_CHARS_MAX)


def test_a_component_is_passed_on_and_none_asks_for_the_role() -> None:
    found = read_reference("llm", GOOD | {"component": "attention"})
    assert found == Reference(ServiceKey("llm", "chat-70b"), Role.DECODE, "attention")
    assert read_reference("llm", GOOD) == Reference(ServiceKey("llm", "chat-70b"), Role.DECODE, "")
