"""What is running: a card a feed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from pipelines.core.clock import duration
from pipelines.live.standing import standing_of
from pipelines.live.status import FeedStatus
from pipelines.views.badge import badge
from pipelines.views.feeds_html import FeedsHTML
from pipelines.views.figures import DASH, amount, count, rate

__all__ = ["FeedCards"]

_SHEET: Final = """
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; }
section { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 10px 40px; }
.who { flex: 1 1 300px; min-width: 0; }
.why { min-height: 1.5em; } /* also where it is empty, so that nothing moves when a stream falls silent */
.who > div { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.name { display: flex; gap: 12px; align-items: baseline; font-weight: 650; font-size: 15px; }
dl { flex: 1 1 380px; max-width: 560px; display: grid; grid-template-columns: repeat(4, 1fr); gap: 0 12px; margin: 0; }
dt { color: var(--quiet); font-size: 12px; } dd { margin: 0; font-size: 15px; font-weight: 600; white-space: nowrap; }
@media (max-width: 560px) { dl { flex-basis: 100%; grid-template-columns: repeat(2, 1fr); row-gap: 8px; } }
"""


class FeedCards(FeedsHTML):
    """State and main figures of each feed."""

    n_beats = 5
    sheet = _SHEET

    def render(self, statuses: Sequence[FeedStatus]) -> str:
        """Return a card a feed."""
        return f'<div class="cards">{"".join(map(_card, statuses))}</div>'


def _card(status: FeedStatus) -> str:
    standing = standing_of(status)
    facts = {
        "Records/s": rate(sum(status.records_per_second.values())),
        "Lag": DASH if status.lag_ns is None else duration(status.lag_ns),
        "In window": count(sum(status.window_records.values())),
        "Memory": amount(status.memory_bytes),
    }
    why = "" if standing.level == "ok" else escape(standing.why)
    figures = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return (
        '<section class="panel"><div class="who">'
        f'<div class="name"><span>{escape(status.name)}</span>{badge(standing)}</div>'
        f'<div class="quiet" title="{escape(status.address)}">{escape(status.address)}</div>'
        f'<div class="why" title="{why}">{why}</div></div><dl>{figures}</dl></section>'
    )
