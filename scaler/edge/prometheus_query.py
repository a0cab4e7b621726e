"""One PromQL query, asked off the event loop; what goes wrong on the way becomes an `Absent`.

It knows the HTTP API's answers, never what the queries mean.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util.retry import Retry

from scaler.core.observation import Absent, Why
from scaler.edge.prometheus_options import PrometheusOptions
from scaler.edge.prometheus_session import AnswerTooLarge, BoundedSession, Credentials, Unreadable

DETAIL_MAX = 200
CLIENT_MESSAGE = re.compile(r"HTTP Status Code (\d+) \((b.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One element of an instant vector. A scalar has no labels."""

    labels: Mapping[str, str]
    value: float


Answer = tuple[Row, ...] | Absent
History = Mapping[int, tuple[Row, ...]]
"""The rows of each instant (Unix seconds) of a range at which there are any."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """Evenly spaced instants of the past, both ends included, in whole seconds: the client rounds to them."""

    from_unix_s: int
    until_unix_s: int
    step_s: int


class PrometheusQuery:
    """Asks one server, a bounded number of queries at a time, each from a worker thread."""

    def __init__(self, options: PrometheusOptions) -> None:
        self._options = options
        self._session = BoundedSession(bytes_max=options.answer_bytes_max)
        self._session.verify = str(options.ca_file) if options.ca_file else True
        self._threads = ThreadPoolExecutor(options.concurrent_queries_max, thread_name_prefix="prometheus")
        url = options.url.rstrip("/")
        once = Retry(total=0, connect=0, read=False, redirect=0, status=0)
        self._connect = PrometheusConnect(
            url=url,
            headers=dict(options.headers),
            retry=once,
            auth=Credentials(
                token=options.bearer_token_file,
                user=options.basic_auth_user,
                password=options.basic_auth_password_file,
            ),
            session=self._session,
            method="POST",
        )
        # In place of the client's own adapter, which keeps ten connections whatever the number of threads.
        self._session.mount(url, HTTPAdapter(max_retries=once, pool_maxsize=options.concurrent_queries_max))

    async def ask(self, promql: str, *, at_unix_s: float | None, within_s: float) -> Answer:
        """Rows of the answer, evaluated at one instant (None: the server's own now). Never raises."""

        def fetched(timeout_s: float) -> Answer:
            params = {"timeout": f"{timeout_s:.3f}"}
            if at_unix_s is not None:
                params["time"] = f"{at_unix_s:.3f}"
            return self._rows(self._connect.custom_query(promql, params=params, timeout=timeout_s))

        return await self._asked(fetched, within_s)

    async def ask_range(self, promql: str, *, at: Instants, within_s: float) -> History | Absent:
        """What `ask` would answer at each of the instants, in one exchange. Never raises."""

        def fetched(timeout_s: float) -> History | Absent:
            rows = self._connect.custom_query_range(
                promql,
                datetime.fromtimestamp(at.from_unix_s, UTC),
                datetime.fromtimestamp(at.until_unix_s, UTC),
                f"{at.step_s}s",
                params={"timeout": f"{timeout_s:.3f}"},
                timeout=timeout_s,
            )
            return self._history(rows)

        return await self._asked(fetched, within_s)

    def close(self) -> None:
        """Does not wait for a worker that still hangs on the server."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    async def _asked(self, fetch: Callable[[float], T | Absent], within_s: float) -> T | Absent:
        timeout_s = min(self._options.timeout_s, within_s)
        if timeout_s <= 0:
            return Absent(Why.SOURCE_SLOW, "no time was left to ask")
        loop = asyncio.get_running_loop()
        try:
            # The worker ends by itself; the bound here also covers the wait for a free one.
            return await asyncio.wait_for(loop.run_in_executor(self._threads, _guarded, fetch, timeout_s), within_s)
        except TimeoutError:
            return Absent(Why.SOURCE_SLOW, f"no answer within {within_s:.1f} s")

    def _rows(self, rows: object) -> Answer:
        """Raises what `_guarded` calls no answer of the query API, for whatever is none."""
        if not isinstance(rows, list):
            raise TypeError("no result")
        if len(rows) == 2 and not isinstance(rows[0], dict):
            return (Row({}, float(rows[1])),)  # a scalar: [time, "value"]
        if len(rows) > self._options.rows_max:
            return Absent(Why.ANSWER_TOO_LARGE, f"{len(rows)} series, at most {self._options.rows_max}")
        return tuple(Row(_labels(row["metric"]), float(row["value"][1])) for row in rows)

    def _history(self, rows: object) -> History | Absent:
        """As `_rows`, of a matrix."""
        if not isinstance(rows, list):
            raise TypeError("no result")
        if len(rows) > self._options.rows_max:
            return Absent(Why.ANSWER_TOO_LARGE, f"{len(rows)} series, at most {self._options.rows_max}")
        history: dict[int, list[Row]] = {}
        for row in rows:
            labels = _labels(row["metric"])
            for at_unix_s, value in row["values"]:
                history.setdefault(round(float(at_unix_s)), []).append(Row(labels, float(value)))
        return {at_unix_s: tuple(found) for at_unix_s, found in history.items()}


def _guarded(fetch: Callable[[float], T | Absent], timeout_s: float) -> T | Absent:
    """Whatever goes wrong on the way is an `Absent`."""
    try:
        return fetch(timeout_s)
    except AnswerTooLarge as error:
        return Absent(Why.ANSWER_TOO_LARGE, str(error))
    except (requests.exceptions.Timeout, ReadTimeoutError):
        return Absent(Why.SOURCE_SLOW, f"no answer within {timeout_s:.1f} s")
    except PrometheusApiClientException as error:
        return _refused(str(error))
    except Unreadable as error:
        return Absent(Why.SOURCE_REFUSED, str(error))
    except requests.exceptions.JSONDecodeError:
        return Absent(Why.SOURCE_REFUSED, "the answer is not JSON")
    except (requests.exceptions.RequestException, HTTPError, OSError) as error:
        return Absent(Why.SOURCE_DOWN, error.__class__.__name__)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError):
        return Absent(Why.SOURCE_REFUSED, "the answer is not the query API's")


def _labels(data: object) -> Mapping[str, str]:
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise TypeError("no labels")
    return data


def _refused(text: str) -> Absent:
    """The server's own words, where it sent some. A proxy's 5xx is not a bad query, but no data either."""
    told = CLIENT_MESSAGE.fullmatch(text)
    if told is None:
        return Absent(Why.SOURCE_REFUSED, text[:DETAIL_MAX])
    status, body = told.groups()
    words = ""
    with contextlib.suppress(ValueError, SyntaxError, TypeError, KeyError, RecursionError):
        words = str(json.loads(ast.literal_eval(body))["error"])  # the client shows the body as a bytes literal
    why = Why.SOURCE_SLOW if status == "504" else Why.SOURCE_REFUSED
    return Absent(why, f"HTTP {status} {words}".strip()[:DETAIL_MAX])
