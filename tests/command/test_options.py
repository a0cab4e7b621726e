from __future__ import annotations

import argparse
from typing import Any

import pytest

from disaggregated_service.core.pair import Pair, ServiceKey
from heteroscale.command import options
from heteroscale.command.serve_options import OPTIONS, ServeSettings, UnusableOptions, settings_from


def settings(*given: str, **environment: str) -> ServeSettings:
    parser = argparse.ArgumentParser(exit_on_error=False)
    options.add_options(parser, OPTIONS)
    args = parser.parse_args(given)

    def fail(words: str) -> Any:
        raise UnusableOptions(words)

    options.fill_in(args, OPTIONS, fail, environment)
    return settings_from(args)


def test_defaults_answer_on_loopback_only():
    found = settings("--services", "s")
    assert (found.listen, found.http) == ("127.0.0.1:6000", "127.0.0.1:8080")
    assert (found.interval_s, found.scrape_interval_s, found.state) == (15.0, 5.0, None)


def test_every_option_may_come_from_the_environment():
    found = settings(
        HETEROSCALE_SERVICES="s",
        HETEROSCALE_INTERVAL="30s",
        HETEROSCALE_CURRENT="llm/a=1P2D llm/b=3P4D",
        HETEROSCALE_PROMETHEUS="https://mimir/prometheus/",
        HETEROSCALE_PROMETHEUS_HEADER="X-Scope-OrgID=llm",
        HETEROSCALE_LOG_FORMAT="json",
    )
    assert found.interval_s == 30.0
    assert found.current == {ServiceKey("llm", "a"): Pair(1, 2), ServiceKey("llm", "b"): Pair(3, 4)}
    assert found.prometheus is not None
    assert (found.prometheus.url, dict(found.prometheus.headers)) == (
        "https://mimir/prometheus",
        {"X-Scope-OrgID": "llm"},
    )


def test_the_command_line_wins_over_the_environment():
    assert settings("--services", "s", "--interval", "20s", HETEROSCALE_INTERVAL="30s").interval_s == 20.0


def test_an_empty_variable_is_none():
    assert settings("--services", "s", HETEROSCALE_STATE="", HETEROSCALE_LISTEN=" ").listen == "127.0.0.1:6000"


@pytest.mark.parametrize(
    ("given", "environment", "words"),
    [
        pytest.param((), {}, "--services: is missing", id="no services"),
        pytest.param((), {"HETEROSCALE_INTERVAL": "fast"}, "HETEROSCALE_INTERVAL: 'fast'", id="names the variable"),
        pytest.param(("--prometheus-user", "me"), {}, "add --prometheus URL", id="how to ask nobody"),
        pytest.param(
            ("--prometheus", "http://p", "--prometheus-user", "me"), {}, "--prometheus-password-file", id="no password"
        ),
        pytest.param(
            ("--prometheus", "http://p", "--prometheus-bearer-token-file", "/nowhere"),
            {},
            "No such file",
            id="no token",
        ),
        pytest.param(("--tls-cert", "c"), {}, "goes with --tls-key", id="a certificate without its key"),
        pytest.param(("--tls-client-ca", "c"), {}, "add --tls-cert", id="clients' CA without a certificate"),
    ],
)
def test_what_contradicts_itself_is_named(given: tuple[str, ...], environment: dict[str, str], words: str):
    services = () if words.startswith("--services") else ("--services", "s")
    with pytest.raises(UnusableOptions, match=words):
        settings(*services, *given, **environment)


@pytest.mark.parametrize(
    ("convert", "text"),
    [
        (options.address, "6000"),
        (options.address, ":6000"),
        (options.address, "host:http"),
        (options.address, "host:65536"),
        (options.seconds, "0s"),
        (options.seconds, "15"),
        (options.seconds, "2h"),
        (options.running_pair, "chat=4P12D"),
        (options.running_pair, "llm/chat=12D"),
        (options.running_pair, "llm/chat=0P12D"),
        (options.service_key, "chat"),
        (options.service_key, "a/b/c"),
        (options.header, "X-Scope-OrgID"),
        (options.header, "X=a\r\nY: b"),
        (options.url, "ftp://x"),
        (options.url, "http://x?y"),
        (options.kubernetes_minor, "1"),
        (options.kubernetes_minor, "2.1"),
        (options.path, ""),
    ],
)
def test_what_is_no_such_value_is_refused_with_an_example(convert: options.Convert, text: str):
    with pytest.raises(argparse.ArgumentTypeError, match=r"instance|URL|name a file"):
        convert(text)


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (options.address, "[::1]:0", "[::1]:0"),
        (options.seconds, "1m30s", 90.0),
        (options.running_pair, "llm/chat-70b=4P 12D", (ServiceKey("llm", "chat-70b"), Pair(4, 12))),
        (options.header, "Authorization=Basic a=b", ("Authorization", "Basic a=b")),
        (options.kubernetes_minor, "v1.34.2", 34),
    ],
)
def test_values_are_read(convert: options.Convert, text: str, value: object):
    assert convert(text) == value
