from math import isnan

import pytest

from scaler.edge.exposition import Exposition, Malformed, SeriesKey

TEXT = b"""# HELP vllm:generation_tokens_total Tokens.
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{engine="0",model_name="a \\"quoted\\" } name"} 12.5
vllm:generation_tokens_total{engine="1",model_name="m"} 3 1700000000000
vllm:generation_tokens_total_more{engine="1"} 4
plain 7
nan_gauge NaN
"""


def read(names, text=TEXT):
    return Exposition(names).read(text, series_max=100)


def test_only_wanted_names_are_read_with_all_their_labels():
    assert read(["vllm:generation_tokens_total"]) == {
        SeriesKey("vllm:generation_tokens_total", (("engine", "0"), ("model_name", 'a "quoted" } name'))): 12.5,
        SeriesKey("vllm:generation_tokens_total", (("engine", "1"), ("model_name", "m"))): 3.0,
    }


def test_series_without_labels_and_nan_are_read():
    found = read(["plain", "nan_gauge"])
    assert found[SeriesKey("plain", ())] == 7.0
    assert isnan(found[SeriesKey("nan_gauge", ())])


def test_windows_line_ends_are_read():
    assert read(["plain"], b"plain 7\r\n") == {SeriesKey("plain", ()): 7.0}


def test_the_first_of_two_equal_series_counts():
    assert read(["plain"], b"plain 7\nplain 8\n") == {SeriesKey("plain", ()): 7.0}


def test_an_empty_answer_is_an_answer():
    assert read(["plain"], b"") == {}


@pytest.mark.parametrize(
    "text",
    [
        b"<html>sign in</html>\n",
        b'{"status": "ok"}\n',
        b"plain 7",  # cut off: the last line may be half a number
        b"plain seven\n",
        b'plain{a="b} 7\n',
        b"\xff\xfe\n",
        b'plain{a="\xff"} 7\n',
    ],
)
def test_what_is_not_the_format_is_malformed(text):
    with pytest.raises(Malformed):
        read(["plain"], text)


def test_series_are_bounded():
    text = b"".join(b'plain{n="%d"} 1\n' % n for n in range(101))
    with pytest.raises(Malformed, match="more than 100 series"):
        read(["plain"], text)


@pytest.mark.parametrize("labels", [b'a="b",\t=="c"', b',\t="b"', b'a="' + b"x" * 5000 + b'"'])
def test_labels_that_the_parser_stumbles_over_are_malformed(labels):
    with pytest.raises(Malformed):
        read(["plain"], b"plain{" + labels + b"} 1\n")


def test_labels_that_change_all_the_time_are_remembered_within_a_bound():
    reader = Exposition(["plain"], heads_bytes_max=1000)
    for turn in range(100):
        reader.read(b'plain{a="%d"} 1\n' % turn, series_max=10)
    assert sum(map(len, reader._keys)) <= 1000
