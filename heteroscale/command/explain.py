"""`heteroscale explain`: the last decision of a service in words, from the running program."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from disaggregated_service.core.pair import ServiceKey
from heteroscale.command import options
from heteroscale.command.options import Option

EXAMPLE = "example:\n  heteroscale explain llm/chat-70b\n  heteroscale explain llm/chat-70b --json | jq .last"
ANSWER_S_MAX = 5.0
ANSWER_BYTES_MAX = 4 * 1024 * 1024
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Without the environment's proxy, which would be asked for loopback."""
OPTIONS = (
    Option(
        flag="--url",
        metavar="URL",
        convert=options.url,
        default="http://127.0.0.1:8080",
        words="where serve's --http is reached",
    ),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is nothing to explain, for the caller to mend."""

    words: str


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb."""
    parser = subparsers.add_parser(
        "explain",
        help="why a service has the replicas it has",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("service", metavar="NAMESPACE/NAME", type=options.service_key)
    parser.add_argument("--json", action="store_true", help="the decision as JSON on standard output")
    options.add_options(parser, OPTIONS)
    parser.set_defaults(run=run, fail=parser.error)


def run(args: argparse.Namespace) -> int:
    """0, or 2 where the program or the service is not there."""
    options.fill_in(args, OPTIONS, args.fail, options.environment())
    document = _asked(args.url, args.service)
    if isinstance(document, Refused):
        print(document.words, file=sys.stderr)
        return 2
    try:
        words = json.dumps(document, indent=2) if args.json else _in_words(args.service, document)
    except (KeyError, TypeError, ValueError):  # a program of another version
        print(f"{args.url} answers in words that this version does not know; try --json", file=sys.stderr)
        return 2
    print(words)
    return 0


def _asked(url: str, key: ServiceKey) -> dict[str, Any] | Refused:
    where = f"{url}/api/v1/services/{quote(key.namespace, safe='')}/{quote(key.name, safe='')}"
    try:
        with OPENER.open(where, timeout=ANSWER_S_MAX) as answer:
            document = json.loads(answer.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as error:
        with error:
            return Refused(f"{url} says {error.code}: {_error_words(error.read(4096))}")
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or error
        return Refused(f"{url} cannot be reached ({why}); is serve running there? say --url otherwise")
    except ValueError:
        document = None
    if not isinstance(document, dict) or "waitingFor" not in document:
        return Refused(f"{url} does not answer as heteroscale does; say --url with serve's --http address")
    return document


def _error_words(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def _in_words(key: ServiceKey, document: dict[str, Any]) -> str:
    last = document.get("last")
    if last is None:
        return f"{key} has no decision yet: {document['waitingFor']}; until then KEDA changes nothing"
    age_s = float(document["ageS"])
    stale = "" if document["fresh"] else ": too old to be served, KEDA changes nothing"
    return f"{last['explanation']}\n  decided {last['decidedAt']}, evaluated {age_s:.0f} s ago{stale}"
