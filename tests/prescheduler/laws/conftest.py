"""The laws of placement are tried on as many examples as all others."""

from tests.laws import conftest as laws

__all__ = ["laws"]
