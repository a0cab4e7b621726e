"""The status page: what each service has, wants and says, for a person who was just paged.

Rendered on the server from the board and the words of explanation.py; every text is escaped. It must never compute
anything that a decision does not already say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from disaggregated_service.core.decision import Decision
from disaggregated_service.core.explanation import condition_sentence, headline, sentence
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import Mode
from scaler.edge.board import Board, Entry, Stamped
from scaler.edge.guard_state import guard_states
from scaler.edge.page_reading import reading_line
from scaler.edge.page_style import STYLE

SERVICES_MAX = 50  # a page of a thousand services is read by nobody; the API has them all
DECISIONS_SHOWN = 6
REFRESH_S = 15
_GUARD_CLASS = {"calm": "good", "quiet": "none", "not_asked": "none", "remembering": "plain", "forbidding": "warn"}


def render_page(board: Board, now_unix_s: float, not_ready: str) -> str:
    """Return the whole page. not_ready: why this process should not be asked, empty if it should."""
    entries = board.entries()
    cards = "\n".join(_card(board, entry) for entry in entries[:SERVICES_MAX])
    left = len(entries) - SERVICES_MAX
    more = f'<p>{left} more: see <a href="/api/v1/services">the API</a>.</p>' if left > 0 else ""
    empty = "<p>No services yet.</p>" if not entries else ""
    ready = f'<span class="badge bad">not ready: {escape(not_ready)}</span>' if not_ready else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>heteroscale</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH_S}"><style>{STYLE}</style></head>
<body><header><h1>heteroscale</h1><span>{escape(_summary(board, entries))}</span>{ready}
<span class="soft right">{_time(now_unix_s)} UTC · <a href="/metrics">metrics</a> · <a href="/api/v1/services">API</a>
</span></header>
<main>{_notices(board)}{cards}{more}{empty}</main></body></html>
"""


def _notices(board: Board) -> str:
    if not board.notices:
        return ""
    what = "Services as they are in use differ from their files, which have faults:"
    return f'<article class="warn"><p>{what}</p>{_lines(escape(notice) for notice in board.notices)}</article>'


def state_of(board: Board, entry: Entry) -> tuple[str, str]:
    """Return one word for a service, and how much it should worry: good, plain, warn or bad."""
    if entry.decision is None:
        return "undecided", "warn"
    if not board.is_fresh(entry):
        return "stale", "bad"
    if entry.decision.conditions:
        return "with conditions", "warn"
    if entry.decision.mode is Mode.ADVISORY:
        return "advisory", "plain"
    return "in order", "good"


def _summary(board: Board, entries: Iterable[Entry]) -> str:
    words = [state_of(board, entry)[0] for entry in entries]
    counts = [f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words))]
    return f"{len(words)} service{'' if len(words) == 1 else 's'}: {', '.join(counts)}" if words else ""


def _card(board: Board, entry: Entry) -> str:
    word, tone = state_of(board, entry)
    decision = entry.decision
    name = escape(str(entry.service.key))
    mode = entry.service.spec.mode.value
    badges = _badge(word, tone) + ("" if word == mode else _badge(mode, "none"))
    if decision is None:
        waiting = escape(entry.waiting_for or "waiting for the first decision")
        return f'<article class="{tone}"><div class="title"><h2>{name}</h2>{badges}</div><p>{waiting}</p></article>'
    seen = escape(f"evaluated {board.age_s(entry):.0f} s ago · decision {decision.sequence}")
    return f"""<article class="{tone}">
<div class="title"><h2>{name}</h2>{badges}<span class="soft right">{seen}</span></div>
<p class="headline">{escape(headline(decision))}</p>{_because(decision)}
{_untold(board, entry, decision)}{_conditions(decision)}
<div class="columns"><section>{_pair(decision)}{_guards(entry, decision)}</section>
<section><h3>Readings</h3>{_lines(reading_line(note) for note in decision.readings)}</section></div>
<h3>How this came about</h3><ol>{_items(sentence(step) for step in decision.trail)}</ol>
<h3>Last decisions</h3>{_history(board.history(entry.service.key, DECISIONS_SHOWN))}</article>"""


def _because(decision: Decision) -> str:
    """The step that gave the verdict its reason, in words."""
    steps = [step for step in decision.trail if step.reason is decision.verdict.reason]
    return f"<p>{escape(sentence(steps[-1]))}</p>" if steps else ""


def _untold(board: Board, entry: Entry, decision: Decision) -> str:
    if not board.is_fresh(entry):
        return '<p class="soft">Too old to be served: KEDA gets UNAVAILABLE, and both pools stay as they are.</p>'
    if decision.published is None:
        return '<p class="soft">Advisory: this is what it would do. KEDA is told nothing.</p>'
    return ""


def _conditions(decision: Decision) -> str:
    if not decision.conditions:
        return ""
    items = (f"{_badge(found.type.value, 'warn')} {escape(condition_sentence(found))}" for found in decision.conditions)
    return f"<h3>Conditions</h3>{_lines(items)}"


def _pair(decision: Decision) -> str:
    columns: list[tuple[str, Pair | None]] = [
        ("ready", decision.ready),
        ("in force", decision.in_force),
        ("wanted", decision.targets),
        ("granted", decision.granted),
        ("told KEDA", decision.published),
    ]
    head = "".join(f'<th class="count">{title}</th>' for title, _ in columns)
    rows = "".join(
        f"<tr><td>{role.value}</td>" + "".join(_count(title, pair, role) for title, pair in columns) + "</tr>"
        for role in Role
    )
    ratios = f"P:D wanted {_ratio(decision.targets)}, ready {_ratio(decision.ready)}"
    return f'<h3>Replicas</h3><table class="pair"><tr><th></th>{head}</tr>{rows}</table><p class="soft">{ratios}</p>'


def _count(title: str, pair: Pair | None, role: Role) -> str:
    main = " main" if title in {"ready", "wanted"} else ""
    return f'<td class="count{main}">{"–" if pair is None else pair.of(role)}</td>'


def _ratio(pair: Pair) -> str:
    return f"1:{pair.decode / pair.prefill:.2f}" if pair.prefill else "–"


def _guards(entry: Entry, decision: Decision) -> str:
    states = guard_states(entry.service.spec, decision)
    items = (
        f"{escape(guard)} {_badge(state.value.replace('_', ' '), _GUARD_CLASS.get(state.value, 'bad'))}"
        for guard, state in states.items()
    )
    return f"<h3>Guards</h3>{_lines(items) if states else 'none'}"


def _history(kept: Iterable[Stamped]) -> str:
    rows = (
        f"<tr><td>{_time(stamped.decided_at_unix_s)}</td><td>{escape(headline(stamped.decision))}</td></tr>"
        for stamped in kept
    )
    return f'<table class="history">{"".join(rows)}</table>'


def _items(texts: Iterable[str]) -> str:
    return "".join(f"<li>{escape(text)}</li>" for text in texts)


def _lines(marked_up: Iterable[str]) -> str:
    return f'<ul class="flat">{"".join(f"<li>{item}</li>" for item in marked_up)}</ul>'


def _badge(text: str, tone: str) -> str:
    return f'<span class="badge {tone}">{escape(text)}</span>'


def _time(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%H:%M:%S")
