"""What `webhook` is told: its options, and the settings made of them, checked against each other."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from heteroscale.command import options
from heteroscale.command.options import Option
from heteroscale.command.serve_options import UnusableOptions
from placement_webhook.edge.certificate_folder import CertificateFolder
from placement_webhook.edge.certificate_keeper import KEY, LEAF
from placement_webhook.edge.tls_files import TlsFiles

SERVICE_NAMES = ("heteroscale-webhook.heteroscale.svc", "localhost", "127.0.0.1")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")


def server_name(text: str) -> str:
    """A DNS name or an address, as it goes into a certificate."""
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name, for instance {SERVICE_NAMES[0]}")
    return text


OPTIONS = (
    Option(
        flag="--plan",
        metavar="FILE",
        convert=options.path,
        words="services with their deployment groups, and topology profiles, as YAML",
    ),
    Option(flag="--nodes", metavar="FILE", convert=options.path, words="a List of Nodes and Pods, as YAML or JSON"),
    Option(
        flag="--listen",
        metavar="HOST:PORT",
        convert=options.address,
        default="127.0.0.1:8443",
        words="where the API server asks, over HTTPS",
    ),
    Option(
        flag="--http",
        metavar="HOST:PORT",
        convert=options.address,
        words="metrics and probes over plain HTTP; without it there are only the probes on --listen",
    ),
    Option(flag="--tls-cert", metavar="FILE", convert=options.path, words="PEM certificate for --listen"),
    Option(
        flag="--tls-key", metavar="FILE", convert=options.path, words="its key; both are read again when they change"
    ),
    Option(
        flag="--tls-own",
        metavar="DIR",
        convert=options.path,
        words="make certificates instead and rotate them; DIR/current/ca.crt is for the configuration's caBundle",
    ),
    Option(
        flag="--tls-name",
        metavar="NAME",
        convert=server_name,
        many=True,
        words=f"with --tls-own, whom they are for; otherwise {', '.join(SERVICE_NAMES)}",
    ),
    Option(
        flag="--drain",
        metavar="TIME",
        convert=options.seconds,
        default="5s",
        words="how long to go on answering after a signal, until nobody sends requests here any more",
    ),
    Option(
        flag="--log-format",
        metavar="text|json",
        convert=options.one_of("text", "json"),
        default="text",
        words="of the log",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificates:
    """Certificates made here, for these names."""

    folder: CertificateFolder
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Everything `webhook` needs to know. own: None where the certificates are somebody else's."""

    plan: Path
    nodes: Path
    listen: str
    http: str | None
    tls: TlsFiles
    own: OwnCertificates | None
    drain_s: float
    log_format: str


def settings_from(args: argparse.Namespace) -> WebhookSettings:
    """The settings. Raises UnusableOptions where one is missing, or where they contradict each other."""
    own = _own(args)
    return WebhookSettings(
        plan=_file_to_come("--plan", args.plan, "what `heteroscale plan` printed"),
        nodes=_file_to_come("--nodes", args.nodes, "what `kubectl get nodes,pods -A -o yaml` printed"),
        listen=args.listen,
        http=args.http,
        tls=_tls(args, own),
        own=own,
        drain_s=args.drain,
        log_format=args.log_format,
    )


def _file_to_come(flag: str, path: Path | None, what: str) -> Path:
    """The file may come later, and the program is not ready until it does; a folder that is not there is a slip."""
    if path is None:
        raise UnusableOptions(f"{flag}: is missing; name a file with {what}")
    if path.is_dir() or not path.parent.is_dir():
        where = "is a folder" if path.is_dir() else f"{path.parent} is no folder"
        raise UnusableOptions(f"{flag} {path}: {where}; name a file with {what}")
    return path


def _own(args: argparse.Namespace) -> OwnCertificates | None:
    if args.tls_own is None:
        if args.tls_name:
            raise UnusableOptions("--tls-name: says whom certificates are for that nobody makes; add --tls-own DIR")
        return None
    if args.tls_cert or args.tls_key:
        raise UnusableOptions(
            "--tls-own: certificates are given by --tls-cert and --tls-key too; leave one of them out"
        )
    return OwnCertificates(folder=CertificateFolder(args.tls_own), names=tuple(args.tls_name) or SERVICE_NAMES)


def _tls(args: argparse.Namespace, own: OwnCertificates | None) -> TlsFiles:
    if own is not None:
        return TlsFiles(certificate=own.folder.current / LEAF, key=own.folder.current / KEY)
    if bool(args.tls_cert) != bool(args.tls_key):
        raise UnusableOptions("--tls-cert: goes with --tls-key; give both or neither")
    if args.tls_cert is None:
        raise UnusableOptions("--tls-cert: is missing; give --tls-cert and --tls-key, or --tls-own DIR to make them")
    return TlsFiles(certificate=args.tls_cert, key=args.tls_key)
