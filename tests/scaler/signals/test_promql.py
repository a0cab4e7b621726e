import pytest

from scaler.edge import prometheus_promql as promql
from scaler.edge.engines.preset import Signal, Term

TOKENS = Term("vllm:prompt_tokens_by_source_total", (("source", "local_compute"),))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            promql.rate(TOKENS, 'role="p"', 60.0),
            'rate(vllm:prompt_tokens_by_source_total{role="p",source="local_compute"}[60s])',
        ),
        (promql.rate(Term("x"), ' role="p", ', 1.5), 'rate(x{role="p"}[1500ms])'),
        (promql.timestamps(Term("x"), 'a="b"'), 'timestamp(x{a="b"})'),
        (promql.samples(Term("x"), 'a="b"', 60.0), 'count_over_time(x{a="b"}[60s])'),
        (
            promql.replicas('a="b"', "pod"),
            'max by (pod) (max_over_time(up{a="b"}[5m])) and on (pod) up{a="b"}',
        ),
        (promql.names(("a", "b"), 'x="y"'), 'count by (__name__) ({__name__=~"a|b",x="y"})'),
        (
            promql.buckets(Term("h"), 'a="b"', 60.0, 45.0, "pod"),
            'increase(h_bucket{a="b"}[60s]) and on (pod) (timestamp(h_count{a="b"}) >= time() - 45)',
        ),
    ],
)
def test_promql_is_written_as_the_manual_says(text, wanted):
    assert text == wanted


def test_signal_names_have_the_yamls_spelling_too():
    assert Signal.PREFILL_WAITING.camel_case == "prefillWaiting"
    assert Signal.TTFT.camel_case == "ttft"
