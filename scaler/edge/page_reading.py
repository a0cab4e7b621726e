"""One reading as a line of the status page. It must never know where readings come from."""

from __future__ import annotations

from html import escape

from disaggregated_service.core.decision import ReadingNote, ReadingState


def reading_line(note: ReadingNote) -> str:
    """Return a reading in words, as HTML: its value, age and coverage, or why there is none."""
    name = f"<strong>{escape(note.signal)}</strong>"
    return f'{name} {_said(note)}<span class="soft wide">{_name(note)}</span>'


def _said(note: ReadingNote) -> str:
    match note.state:
        case ReadingState.ABSENT:
            return f'<span class="badge bad">absent</span> {escape(note.why)}'
        case ReadingState.QUIET:
            return f'<span class="badge none">quiet</span> {note.samples} samples, {note.age_s:.0f} s old'
        case ReadingState.PRESENT:
            value = "" if note.value is None else f"{note.value:,.0f} · "
            seen = f"{note.covered} of {note.ready} replicas"
            return f"{value}{escape(seen)} · {note.age_s:.0f} s old"


def _name(note: ReadingNote) -> str:
    if not note.name_used:
        return ""
    missing = f", without {', '.join(note.names_missing)}" if note.names_missing else ""
    return f"<br>read as {escape(note.name_used + missing)}"
