"""The same number of examples as the other laws."""

from __future__ import annotations

from tests.laws import conftest as profiles

assert profiles.SLOW_IS_FINE
