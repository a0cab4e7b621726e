"""Options of the command line that may also come from the environment, and the kinds of value they take.

The command line wins over the environment, the environment over the default. A value that cannot be used is the
caller's fault and is named by where it was written.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disaggregated_service.core import duration
from disaggregated_service.core.pair import Pair, ServiceKey

ENV_PREFIX = "HETEROSCALE_"

_CURRENT = re.compile(r"([a-z0-9][a-z0-9.-]*)/([a-z0-9][a-z0-9.-]*)=([1-9][0-9]{0,4})P ?([1-9][0-9]{0,4})D")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([^\r\n]*)")

Convert = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """flag: `--listen`. default: as it would be written; None where there is none. many: may be given repeatedly."""

    flag: str
    metavar: str
    convert: Convert
    words: str
    default: str | None = None
    many: bool = False

    @property
    def dest(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def variable(self) -> str:
        return ENV_PREFIX + self.dest.upper()


def add_options(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    """Registers them; `fill_in` does the rest after parsing."""
    for option in options:
        notes = [f"default {option.default}"] if option.default is not None else []
        notes += ["repeatable"] if option.many else []
        notes.append(f"${option.variable}")
        parser.add_argument(
            option.flag,
            metavar=option.metavar,
            type=option.convert,
            action="append" if option.many else "store",
            help=f"{option.words} ({'; '.join(notes)})".replace("%", "%%"),
        )


def fill_in(
    args: argparse.Namespace, options: Sequence[Option], error: Callable[[str], Any], environment: Mapping[str, str]
) -> None:
    """What was not given comes from the environment, or is the default. `error` gets the caller's mistake and ends.

    Several values in one variable are separated by white space.
    """
    for option in options:
        if getattr(args, option.dest) is not None:
            continue
        written = environment.get(option.variable, "").strip()
        texts = written.split() if option.many else [written] if written else []
        try:
            values = [option.convert(text) for text in texts]
        except argparse.ArgumentTypeError as wrong:
            error(f"{option.variable}: {wrong}")
            continue
        if option.many:
            setattr(args, option.dest, values)
        elif values:
            setattr(args, option.dest, values[0])
        else:
            setattr(args, option.dest, None if option.default is None else option.convert(option.default))


def environment() -> Mapping[str, str]:
    """The process's own."""
    return os.environ


def path(text: str) -> Path:
    """A path; whether something is there is asked by who needs it."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a file")
    return Path(text)


def address(text: str) -> str:
    """HOST:PORT; port 0 is any free one. IPv6 in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, for instance 0.0.0.0:6000")
    return text


def seconds(text: str) -> float:
    """A duration between one second and an hour."""
    value = duration.parse(text)
    if value is None or not 1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration from 1s to 1h, for instance 15s")
    return value


def running_pair(text: str) -> tuple[ServiceKey, Pair]:
    """NAMESPACE/NAME=4P12D."""
    match = _CURRENT.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAMESPACE/NAME=PAIR, for instance llm/chat-70b=4P12D")
    return ServiceKey(match[1], match[2]), Pair(int(match[3]), int(match[4]))


def service_key(text: str) -> ServiceKey:
    """NAMESPACE/NAME."""
    namespace, slash, name = text.partition("/")
    if not slash or not namespace or not name or "/" in name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAMESPACE/NAME, for instance llm/chat-70b")
    return ServiceKey(namespace, name)


def header(text: str) -> tuple[str, str]:
    """NAME=VALUE of an HTTP header."""
    match = _HEADER.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text.partition('=')[0]!r} is not NAME=VALUE, for instance X-Scope-OrgID=llm"
        )
    return match[1], match[2]


def url(text: str) -> str:
    """An http(s) URL without a query."""
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an http:// or https:// URL")
    return text.rstrip("/")


def one_of(*words: str) -> Convert:
    """One of a few words."""

    def convert(text: str) -> str:
        if text not in words:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(words)}")
        return text

    return convert


def kubernetes_minor(text: str) -> int:
    """35 for `1.35`."""
    match = re.fullmatch(r"v?1\.([0-9]{1,3})(\.[0-9]+)?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a Kubernetes version, for instance 1.35")
    return int(match[1])
