"""How many examples the laws are tried on: a hundred with every test run, more on request (LAWS=deep)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "usual", max_examples=100, deadline=None, derandomize=True, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("deep", max_examples=2000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile("deep" if os.environ.get("LAWS") == "deep" else "usual")
