import pytest
from hypothesis import given
from hypothesis import strategies as st

from disaggregated_service.core import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("40ms", 0.04),
        ("60s", 60.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1.5s", 1.5),
        ("0s", 0.0),
        ("2m30s", 150.0),
    ],
)
def test_a_duration_is_read_exactly(text: str, seconds: float) -> None:
    assert duration.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "40", "40 ms", "ms", "-1s", "1d", "1S", "s1", "1e3s", "٣s", "9" * 40 + "s", "1s\n"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert duration.parse(text) is None


@given(st.integers(0, 7 * 24 * 3_600_000))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert duration.parse(duration.written(seconds)) == pytest.approx(seconds, rel=1e-12)
