"""The board as JSON documents: all services in short, one in full, and its last decisions.

Names and shapes are an interface: they only ever grow. It must never know HTTP beyond the words of a query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from disaggregated_service.core.decision import Scale
from disaggregated_service.core.decision_json import decision_to_json, pair_to_json
from disaggregated_service.core.explanation import explain, headline
from disaggregated_service.core.pair import ServiceKey
from scaler.edge.board import HISTORY_MAX, Board, Entry, Stamped

LIMIT_DEFAULT = 20

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class BadQuery:
    """The caller's fault; `wrong` names the field and what would be right."""

    wrong: str


def read_limit(values: Sequence[str]) -> int | BadQuery:
    """Read `limit` as it was written in the query, perhaps not at all or more than once."""
    if not values:
        return LIMIT_DEFAULT
    written = values[-1]
    if len(values) > 1 or not (written.isascii() and written.isdigit() and len(written) <= 4):
        return BadQuery(f"limit: {written[:20]!r} is not one whole number from 1 to {HISTORY_MAX}")
    limit = int(written)
    return limit if 1 <= limit <= HISTORY_MAX else BadQuery(f"limit: {limit} is not from 1 to {HISTORY_MAX}")


def services_document(board: Board) -> Json:
    """All services in short: a thousand of them stay under half a megabyte."""
    return {"services": [_short(board, entry) for entry in board.entries()], "faults": list(board.notices)}


def service_document(board: Board, key: ServiceKey) -> Json | None:
    """One service with its last decision in full, or None where there is no such service."""
    entry = board.entry(key)
    if entry is None:
        return None
    full = None if entry.decision is None else _decided(Stamped(entry.decision, entry.decided_at_unix_s))
    return {**_short(board, entry), "last": full}


def decisions_document(board: Board, key: ServiceKey, limit: int) -> Json | None:
    """The newest `limit` decisions, newest first, or None where there is no such service."""
    if board.entry(key) is None:
        return None
    kept = board.history(key, limit)
    return {"namespace": key.namespace, "name": key.name, "decisions": [_decided(stamped) for stamped in kept]}


def _short(board: Board, entry: Entry) -> Json:
    decision = entry.decision
    short: Json = {
        "namespace": entry.service.key.namespace,
        "name": entry.service.key.name,
        "mode": entry.service.spec.mode.value,
        "decided": decision is not None,
        "fresh": decision is not None and board.is_fresh(entry),
        "waitingFor": entry.waiting_for if decision is None else "",
    }
    if decision is not None:
        action = "scale" if isinstance(decision.verdict, Scale) else "hold"
        short |= {
            "ageS": round(board.age_s(entry), 3),
            "sequence": decision.sequence,
            "verdict": {"action": action, "reason": decision.verdict.reason.value},
            "headline": headline(decision),
            "inForce": pair_to_json(decision.in_force),
            "targets": pair_to_json(decision.targets),
            "granted": pair_to_json(decision.granted),
            "published": None if decision.published is None else pair_to_json(decision.published),
            "ready": pair_to_json(decision.ready),
            "conditions": [found.type.value for found in decision.conditions],
        }
    return short


def _decided(stamped: Stamped) -> Json:
    at = datetime.fromtimestamp(stamped.decided_at_unix_s, UTC).isoformat(timespec="milliseconds")
    return {
        "decidedAt": at.replace("+00:00", "Z"),
        "explanation": explain(stamped.decision),
        "decision": decision_to_json(stamped.decision),
    }
