from pathlib import Path

import numpy as np
import pytest

from heteroscale.simulator.trace import (
    AZURE_HOUR,
    M_SMALL_DAY_3,
    R1_DAY,
    RateTrace,
    RequestTrace,
    TraceError,
    read_lines,
    read_rates,
    read_trace,
    shipped_trace,
)

HEADER = "second,input_tokens_per_s,output_tokens_per_s"
MINUTES = "minute,requests,input_tokens,output_tokens"
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens"


def mooncake(at_ms: object = 0, prompt: object = 5, answer: object = 1) -> str:
    return f'{{"timestamp": {at_ms}, "input_length": {prompt}, "output_length": {answer}, "hash_ids": [1]}}'


def test_the_shipped_day_has_the_ramp_it_is_there_for():
    trace = shipped_trace()
    assert len(trace.starts_s) == 144
    assert trace.window_s == 600
    six, fourteen = trace.starts_s.index(21600), trace.starts_s.index(50400)
    reads, writes = trace.input_tps[six:fourteen], trace.output_tps[six:fourteen]
    assert max(reads) / min(reads) == pytest.approx(5.8, abs=0.1)
    assert max(writes) / min(writes) == pytest.approx(10.7, abs=0.1)


@pytest.mark.parametrize(
    ("name", "windows", "requests", "input_tps"),
    [(R1_DAY, 144, 1.385e6, 20_300), (AZURE_HOUR, 59, 19_366, 6_320), (M_SMALL_DAY_3, 144, 3.5e7, 59_900)],
)
def test_the_other_shipped_traces_hold_what_their_origin_says(
    name: str, windows: int, requests: float, input_tps: float
):
    trace = shipped_trace(name)
    assert trace.requests_per_s is not None
    assert len(trace.starts_s) == windows
    assert sum(trace.requests_per_s) * trace.window_s == pytest.approx(requests, rel=0.02)
    assert np.mean(trace.input_tps) == pytest.approx(input_tps, rel=0.02)


def test_a_windows_rate_stands_at_its_middle_and_is_linear_between():
    trace = RateTrace(600.0, (0.0, 600.0), (100.0, 200.0), (10.0, 30.0))
    reads, writes = trace.rates_at(np.array([0.0, 300.0, 600.0, 900.0, 5000.0]))
    assert reads.tolist() == [100, 100, 150, 200, 200]
    assert writes.tolist() == [10, 10, 20, 30, 30]
    assert trace.end_s == 1200


def test_counts_per_minute_become_rates():
    trace = read_lines([MINUTES, "0,60,6000,600", "1,120,12000,0"])
    assert trace == RateTrace(60.0, (0.0, 60.0), (100.0, 200.0), (10.0, 0.0), (1.0, 2.0))


def test_only_requests_with_known_lengths_are_counted():
    header = "second,requests_per_s_all_clients,requests_per_s_with_lengths,input_tokens_per_s,output_tokens_per_s"
    assert read_rates([header, "0,9,3,30,6", "600,9,3,30,6"]).requests_per_s == (3.0, 3.0)
    assert read_rates([HEADER, "0,30,6", "600,30,6"]).requests_per_s is None


def test_mooncakes_milliseconds_count_from_the_first_request():
    trace = read_lines([mooncake(3000, 6758, 500), mooncake(3000, 7, 9), "", mooncake(6500, 1, 1)])
    assert isinstance(trace, RequestTrace)
    assert trace.arrival_s.tolist() == [0, 0, 3.5]
    assert trace.prompt_tokens.tolist() == [6758, 7, 1]
    assert trace.output_tokens.tolist() == [500, 9, 1]


def test_azures_timestamps_have_seven_digits_and_perhaps_a_zone():
    trace = read_lines([AZURE, "2023-11-16 18:17:03.9799600,4808,10", "2023-11-16 18:17:04.4799600+00:00,3180,8"])
    assert isinstance(trace, RequestTrace)
    assert trace.arrival_s == pytest.approx([0, 0.5], abs=1e-5)
    assert trace.prompt_tokens.tolist() == [4808, 3180]


def test_single_requests_can_be_seen_as_rates():
    trace = read_lines(
        [mooncake(0, 60, 6), mooncake(30_000, 60, 6), mooncake(60_001, 600, 60), mooncake(121_000, 9, 9)]
    )
    assert isinstance(trace, RequestTrace)
    assert trace.per_window() == RateTrace(60.0, (0.0, 60.0), (2.0, 10.0), (0.2, 1.0), (2 / 60, 1 / 60))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "line 1: empty"),
        (["   "], "line 1: empty"),
        (["hour,load", "0,1"], "line 1: begins with 'hour', which is none of the formats"),
        (["second,input_tokens_per_s"], "line 1: no column output_tokens_per_s"),
        ([HEADER], "at least two windows"),
        ([HEADER, "0,1,1"], "at least two windows"),
        ([HEADER, "0,1,1", "600,-1,1"], "line 3: input_tokens_per_s is -1"),
        ([HEADER, "0,1,1", "600,1,nan"], "line 3: output_tokens_per_s is nan"),
        ([HEADER, "0,1,1", "600,one,1"], "line 3: input_tokens_per_s is 'one', not a number"),
        ([HEADER, "0,1,1", "600,1"], "line 3: output_tokens_per_s is None, not a number"),
        ([HEADER, "0,1,1", "600,1,1", "500,1,1"], "line 4: second is 500 after 600"),
        ([HEADER, "600,1,1", "0,1,1"], "line 3: second is 0 after 600"),
        ([HEADER, "0,1,1", "600,1,1", "1500,1,1"], "line 4: second is 1500 after 600"),
        ([HEADER, "0,1,1", '600,"1,1'], "line 2: unexpected end of data"),
        ([MINUTES, "0,1,1,1", "1,0,5,5"], "line 3: tokens without requests"),
        ([MINUTES, "0,1,1,1", "1,1,-5,5"], "line 3: input_tokens is -5"),
        ([MINUTES, "1,1,1,1", "0,1,1,1"], "line 3: minute is 0 after 1"),
        ([mooncake(5), mooncake(4)], "line 2: the request comes before the one above it"),
        ([mooncake(), mooncake(1, -3)], "line 2: input_length is -3"),
        ([mooncake(), mooncake(1, 2.5)], "line 2: input_length is 2.5; it must be a whole number"),
        ([mooncake(), mooncake(1, "true")], "line 2: input_length is True, not a number"),
        ([mooncake(), mooncake(1, 1, "[1]")], r"line 2: output_length is \[1\], not a number"),
        ([mooncake(), '{"timestamp": 3}'], "line 2: no input_length, output_length"),
        ([mooncake(), "[]"], "line 2: not an object"),
        ([mooncake(), "{"], "line 2: not JSON"),
        ([mooncake(), mooncake(1, "1e999")], "line 2: input_length is inf"),
        ([AZURE], "the trace is empty"),
        ([AZURE, "yesterday,1,1"], "line 2: TIMESTAMP is 'yesterday'"),
        ([AZURE, "2023-11-16 18:17:03,1,1", "2023-11-16 18:17:02,1,1"], "line 3: the request comes before"),
        ([AZURE, "2023-11-16 18:17:03,1,x"], "line 2: GeneratedTokens is 'x', not a number"),
    ],
)
def test_a_bad_trace_is_refused_with_its_line(rows: list[str], said: str):
    with pytest.raises(TraceError, match=said):
        read_lines(rows)


def test_a_blank_line_does_not_shift_the_line_that_is_told():
    with pytest.raises(TraceError, match="line 4: the request comes before"):
        read_lines([mooncake(5), "", mooncake(6), mooncake(4)])
    with pytest.raises(TraceError, match="line 5: second is 500"):
        read_lines([HEADER, "0,1,1", "", "600,1,1", "500,1,1"])


def test_a_file_is_told_by_its_first_line_with_or_without_a_byte_order_mark(tmp_path: Path):
    file = tmp_path / "load"
    file.write_text(f"\ufeff{HEADER}\n0,1,1\n600,1,1\n", encoding="utf-8")
    assert read_trace(file) == RateTrace(600.0, (0.0, 600.0), (1.0, 1.0), (1.0, 1.0))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    file = tmp_path / "load"
    file.write_bytes(b"second,\xff\xfe\n")
    with pytest.raises(TraceError, match="not UTF-8"):
        read_trace(file)
