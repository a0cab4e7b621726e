from __future__ import annotations

import sys

import pytest

from heteroscale.simulator.executor_dask import Dask, UnreachableError


def test_without_the_library_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UnreachableError, match=r"pip install 'heteroscale\[dask\]'"):
        Dask("tcp://127.0.0.1:8786")


def test_a_scheduler_that_does_not_answer_is_unreachable():
    pytest.importorskip("distributed")
    with pytest.raises(UnreachableError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        Dask("tcp://127.0.0.1:9", connect_s=0.3)


def test_an_address_that_is_none_is_unreachable():
    pytest.importorskip("distributed")
    with pytest.raises(UnreachableError, match="no Dask scheduler answers at nonsense"):
        Dask("nonsense://", connect_s=0.3)
