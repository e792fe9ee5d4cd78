"""The ledger on the screen: what came, what became of it, and that nothing is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from pipelines.core.clock import duration
from pipelines.core.ledger import OUTCOMES, KindCounts
from pipelines.live.standing import standing_of
from pipelines.live.status import FeedStatus
from pipelines.views.badge import badge
from pipelines.views.feeds_html import FeedsHTML
from pipelines.views.figures import DASH, amount, count, rate
from pipelines.views.page.theme import STACKED_ROWS

__all__ = ["LedgerTable"]

_SHEET: Final = """
section + section { margin-top: 16px; }
.top { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; }
.top strong { font-size: 15px; }
.top .quiet { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 8px 18px; margin: 12px 0; }
dt { color: var(--quiet); font-size: 12px; } dd { margin: 0; font-weight: 600; white-space: nowrap; }
td:first-child { font-weight: 600; }
td.none { color: var(--quiet); font-weight: 400; }
.fault { margin: 10px 0 0; color: var(--down); overflow-wrap: anywhere; }
"""
_LABELS: Final = ("Received", *map(str.capitalize, OUTCOMES), "Unaccounted", "Rows/s", "In window")
_HEAD: Final = "<th>Kind</th>" + "".join(f'<th class="number">{label}</th>' for label in _LABELS)


class LedgerTable(FeedsHTML):
    """State and counts of each feed: a row a kind."""

    n_beats = 3
    sheet = STACKED_ROWS + _SHEET

    def render(self, statuses: Sequence[FeedStatus]) -> str:
        """Return a section a feed."""
        return "".join(map(_section, statuses))


def _section(status: FeedStatus) -> str:
    standing = standing_of(status)
    faults = "".join(f'<p class="fault">{escape(node)}: {escape(words)}</p>' for node, words in status.faults.items())
    facts = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _facts(status))
    rows = "".join(_row(status, kind) for kind in dict.fromkeys((*status.window_records, *status.ledger.kinds)))
    return (
        f'<section class="panel"><div class="top"><strong>{escape(status.name)}</strong>{badge(standing)}'
        f'<span class="quiet">{escape(status.address)}</span></div>'
        f'<div class="quiet">{escape(standing.why)}</div><dl>{facts}</dl>'
        f'<div class="scroll"><table><thead><tr>{_HEAD}</tr></thead><tbody>{rows}</tbody></table></div>'
        f"{faults}</section>"
    )


def _facts(status: FeedStatus) -> Iterator[tuple[str, str]]:
    yield "Messages", count(status.ledger.n_messages)
    yield "Queue", f"{count(status.queue.n_messages)} of {count(status.queue.capacity)}"
    yield "Waited for room", f"{count(status.queue.n_blocked)} times"
    yield "Lag", DASH if status.lag_ns is None else duration(status.lag_ns)
    yield "Memory of rows", amount(status.memory_bytes)
    yield "Reconnects", count(status.source.n_reconnects)
    yield "Redelivered", count(status.source.n_redelivered)


def _row(status: FeedStatus, kind: str) -> str:
    counts = status.ledger.kinds.get(kind, KindCounts())
    outcomes = [getattr(counts, outcome) for outcome in OUTCOMES]
    numbers = [counts.received, *outcomes, counts.unaccounted, None, status.window_records.get(kind, 0)]
    per_second = rate(status.records_per_second.get(kind, 0.0))
    cells = "".join(
        _cell(label, per_second if number is None else count(number), zero=number == 0)
        for label, number in zip(_LABELS, numbers, strict=True)
    )
    return f'<tr data-kind="{escape(kind)}"><td>{escape(kind)}</td>{cells}</tr>'


def _cell(label: str, text: str, *, zero: bool) -> str:
    look = "none" if zero else "down" if label in ("Rejected", "Unaccounted") else ""
    return f'<td class="number {look}" data-label="{label}">{text}</td>'
