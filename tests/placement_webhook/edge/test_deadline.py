from __future__ import annotations

import pytest

from placement_webhook.edge.deadline import time_to_answer_s


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("2s", 1.7),
        ("10s", 9.7),
        ("1m0s", 29.7),
        ("1m", 29.7),
        ("1.5s", 1.2),
        ("500ms", 0.25),
        ("", 1.7),
        ("0s", 1.7),
        ("-3s", 1.7),
        ("2", 1.7),
        ("9999999999s", 1.7),
        ("forever", 1.7),
    ],
)
def test_the_callers_timeout_less_a_margin(timeout: str, seconds: float) -> None:
    assert time_to_answer_s(timeout) == pytest.approx(seconds)
