import numpy as np
import pytest

from heteroscale.simulator.trace import RateTrace, TraceError, read_rates, shipped_trace

HEADER = "second,input_tokens_per_s,output_tokens_per_s"


def test_the_shipped_day_has_the_ramp_it_is_there_for():
    trace = shipped_trace()
    assert len(trace.starts_s) == 144
    assert trace.window_s == 600
    six, fourteen = trace.starts_s.index(21600), trace.starts_s.index(50400)
    reads, writes = trace.input_tps[six:fourteen], trace.output_tps[six:fourteen]
    assert max(reads) / min(reads) == pytest.approx(5.8, abs=0.1)
    assert max(writes) / min(writes) == pytest.approx(10.7, abs=0.1)


def test_a_windows_rate_stands_at_its_middle_and_is_linear_between():
    trace = RateTrace(600.0, (0.0, 600.0), (100.0, 200.0), (10.0, 30.0))
    reads, writes = trace.rates_at(np.array([0.0, 300.0, 600.0, 900.0, 5000.0]))
    assert reads.tolist() == [100, 100, 150, 200, 200]
    assert writes.tolist() == [10, 10, 20, 30, 30]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "line 1: no column"),
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
    ],
)
def test_a_bad_trace_is_refused_with_its_line(rows: list[str], said: str):
    with pytest.raises(TraceError, match=said):
        read_rates(rows)
