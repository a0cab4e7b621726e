"""The check itself, on a made-up trace of the same format: the real one is not shipped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.check_external import (
    ADMITTED,
    AT_ONCE,
    ENGINE,
    OFFERED,
    Row,
    WrongTraceError,
    admitted,
    compare,
    main,
    ttft_ms,
)
from disaggregated_service.core.pair import Pair
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.trace import RequestTrace, read_trace
from heteroscale.simulator.world.network import INSIDE

IDLE = Requests(np.arange(0.0, 3000.0, 30.0), np.full(100, 6909), np.full(100, 350))


def written(file: Path, count: int) -> Path:
    generator = np.random.default_rng(1)
    lengths = np.minimum(generator.lognormal(8.9, 1.0, count), 120_000).astype(int)
    with file.open("w", encoding="utf-8") as lines:
        for number, length in enumerate(lengths.tolist()):
            request = {"timestamp": 3000 * (number // 9), "input_length": length, "output_length": 343, "hash_ids": [0]}
            lines.write(json.dumps(request) + "\n")
    return file


def test_an_idle_fleet_takes_what_the_engine_takes_and_the_transfer_on_top():
    read_ms = ENGINE.prefill_duration_s(6909) * 1000
    assert ttft_ms(IDLE, Pair(2, 2), AT_ONCE) == pytest.approx([read_ms] * 4)
    transfer_ms = INSIDE.transfer_s(6909 * ENGINE.kv_bytes_per_token) * 1000
    assert ttft_ms(IDLE, Pair(2, 2), INSIDE) == pytest.approx([read_ms + transfer_ms] * 4)


def test_the_distance_is_the_largest_of_all_cells():
    exact = ttft_ms(IDLE, Pair(2, 2), AT_ONCE)
    mean, median, high, highest = exact
    _, near = compare(IDLE, AT_ONCE, [Row(Pair(2, 2), (mean, median, high, highest), (0, 0, 0, 0))])
    lines, far = compare(IDLE, AT_ONCE, [Row(Pair(2, 2), (mean, median / 1.08, high, highest), (0, 0, 0, 0))])
    assert near == pytest.approx(0)
    assert far == pytest.approx(0.08)
    assert "+8.0%" in lines[1]


def test_the_longest_contexts_are_not_admitted_and_the_others_keep_their_order(tmp_path: Path):
    trace = read_trace(written(tmp_path / "trace.jsonl", OFFERED + 100))
    assert isinstance(trace, RequestTrace)
    requests = admitted(trace)
    assert len(requests) == ADMITTED
    assert (np.diff(requests.arrival_s) >= 0).all()
    left_out = np.sort(trace.prompt_tokens[:OFFERED])[ADMITTED:]
    assert requests.prompt_tokens.max() <= left_out.min()


def test_another_load_than_the_tables_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(written(tmp_path / "trace.jsonl", OFFERED))]) == 1
    printed = capsys.readouterr().out
    assert "2,253 of 2,400 requests" in printed
    assert all(text in printed for text in ("6P3D", "12P6D", "with the KV transfer", "without the KV transfer"))


def test_a_shorter_trace_is_not_the_one(tmp_path: Path):
    trace = read_trace(written(tmp_path / "trace.jsonl", 100))
    assert isinstance(trace, RequestTrace)
    with pytest.raises(WrongTraceError, match="it has 100 requests"):
        admitted(trace)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ('{"timestamp": 1}\n', "line 1: no input_length"),
        ("second,input_tokens_per_s,output_tokens_per_s\n0,1,1\n600,1,1\n", "it holds rates"),
    ],
)
def test_a_file_that_is_not_the_trace_is_the_callers_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
):
    file = tmp_path / "trace.jsonl"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert main([str(file)]) == 2
    assert said in capsys.readouterr().err
