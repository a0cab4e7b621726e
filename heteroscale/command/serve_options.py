"""What `serve` is told: its options, and the settings made of them, checked against each other.

Only what can be seen without starting anything is checked here.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from disaggregated_service.core.pair import Pair, ServiceKey
from heteroscale.command import options
from heteroscale.command.options import Option
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.tls import TlsFiles

OPTIONS = (
    Option(
        flag="--services", metavar="PATH", convert=options.path, words="a YAML file of services, or a folder of them"
    ),
    Option(
        flag="--listen",
        metavar="HOST:PORT",
        convert=options.address,
        default="127.0.0.1:6000",
        words="where KEDA asks, over gRPC",
    ),
    Option(
        flag="--http",
        metavar="HOST:PORT",
        convert=options.address,
        default="127.0.0.1:8080",
        words="page, probes, metrics and JSON",
    ),
    Option(
        flag="--state",
        metavar="FILE",
        convert=options.path,
        words="where decisions are kept over a restart; without it every start begins by counting replicas",
    ),
    Option(flag="--interval", metavar="TIME", convert=options.seconds, default="15s", words="time between ticks"),
    Option(
        flag="--scrape-interval",
        metavar="TIME",
        convert=options.seconds,
        default="5s",
        words="time between two readings of a replica, with source scrape",
    ),
    Option(
        flag="--current",
        metavar="NS/NAME=4P12D",
        convert=options.running_pair,
        many=True,
        words="the pair that runs now, so that nothing has to be counted; believed once for each state file",
    ),
    Option(flag="--prometheus", metavar="URL", convert=options.url, words="the server to ask, with source prometheus"),
    Option(
        flag="--prometheus-bearer-token-file", metavar="FILE", convert=options.path, words="read again when it changes"
    ),
    Option(flag="--prometheus-user", metavar="NAME", convert=str, words="for basic authentication"),
    Option(flag="--prometheus-password-file", metavar="FILE", convert=options.path, words="read again when it changes"),
    Option(
        flag="--prometheus-ca-file", metavar="FILE", convert=options.path, words="who signed the server's certificate"
    ),
    Option(
        flag="--prometheus-header",
        metavar="NAME=VALUE",
        convert=options.header,
        many=True,
        words="sent with every query, for instance a tenant's id",
    ),
    Option(flag="--tls-cert", metavar="FILE", convert=options.path, words="PEM certificate for --listen"),
    Option(
        flag="--tls-key", metavar="FILE", convert=options.path, words="its key; both are read again when they change"
    ),
    Option(
        flag="--tls-client-ca",
        metavar="FILE",
        convert=options.path,
        words="only clients with a certificate signed by it are answered",
    ),
    Option(
        flag="--log-format",
        metavar="text|json",
        convert=options.one_of("text", "json"),
        default="text",
        words="of the log",
    ),
)


PROMETHEUS_OPTIONS = tuple(option for option in OPTIONS if option.flag.startswith("--prometheus"))


class UnusableOptions(Exception):  # noqa: N818 - it names what they are
    """The caller's fault; the message names the option and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Everything `serve` needs to know."""

    services: Path
    listen: str
    http: str
    state: Path | None
    interval_s: float
    scrape_interval_s: float
    current: Mapping[ServiceKey, Pair]
    prometheus: PrometheusOptions | None
    tls: TlsFiles | None
    log_format: str


def settings_from(args: argparse.Namespace) -> ServeSettings:
    """The settings. Raises UnusableOptions where options contradict each other or name a file that cannot be read."""
    if args.services is None:
        raise UnusableOptions("--services: is missing; name a YAML file of services, or a folder of them")
    return ServeSettings(
        services=args.services,
        listen=args.listen,
        http=args.http,
        state=args.state,
        interval_s=args.interval,
        scrape_interval_s=args.scrape_interval,
        current=dict(args.current),
        prometheus=prometheus_from(args),
        tls=_tls(args),
        log_format=args.log_format,
    )


def prometheus_from(args: argparse.Namespace) -> PrometheusOptions | None:
    """How to ask a server, None where none is named. Raises UnusableOptions."""
    given = [
        option.flag for option in OPTIONS if option.flag.startswith("--prometheus-") and getattr(args, option.dest)
    ]
    if args.prometheus is None:
        if given:
            raise UnusableOptions(f"{given[0]}: says how to ask a server that is not named; add --prometheus URL")
        return None
    if args.prometheus_bearer_token_file and args.prometheus_user:
        raise UnusableOptions("--prometheus-user: a bearer token is given too; leave one of them out")
    if bool(args.prometheus_user) != bool(args.prometheus_password_file):
        raise UnusableOptions("--prometheus-user: goes with --prometheus-password-file; give both or neither")
    for flag in ("--prometheus-bearer-token-file", "--prometheus-password-file", "--prometheus-ca-file"):
        _readable(flag, getattr(args, flag.removeprefix("--").replace("-", "_")))
    return PrometheusOptions(
        url=args.prometheus,
        bearer_token_file=args.prometheus_bearer_token_file,
        basic_auth_user=args.prometheus_user or "",
        basic_auth_password_file=args.prometheus_password_file,
        ca_file=args.prometheus_ca_file,
        headers=dict(args.prometheus_header),
    )


def _tls(args: argparse.Namespace) -> TlsFiles | None:
    if bool(args.tls_cert) != bool(args.tls_key):
        raise UnusableOptions("--tls-cert: goes with --tls-key; give both or neither")
    if args.tls_cert is None:
        if args.tls_client_ca is not None:
            raise UnusableOptions("--tls-client-ca: needs a server certificate; add --tls-cert and --tls-key")
        return None
    # Not looked at: certificates may come later, and the program is not ready until they do.
    return TlsFiles(certificate=args.tls_cert, key=args.tls_key, client_ca=args.tls_client_ca)


def _readable(flag: str, path: Path | None) -> None:
    if path is None:
        return
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise UnusableOptions(f"{flag} {path}: {error.strerror}; name a file that can be read") from error
