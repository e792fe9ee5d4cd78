"""The newest dead letters: what could not be read or believed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from panel.viewable import Viewable, Viewer

from pipelines.core.message import DeadLetter
from pipelines.live.source import PageFeed
from pipelines.views.figures import DASH, clock_time, count
from pipelines.views.page.browser import Browser
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.zones import BROWSER_ZONE, zone_name, zone_of

__all__ = ["DeadLetters"]

_N_SHOWN: Final = 50
_EXCERPT_CHARACTERS: Final = 240

_SHEET: Final = """
td { vertical-align: top; } td.reason { white-space: normal; min-width: 220px; overflow-wrap: anywhere; }
td.excerpt { white-space: normal; min-width: 240px; max-width: 560px; }
code { font: 12px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
"""
_HEAD: Final = (
    '<thead><tr><th>Time</th><th>Feed</th><th>Kind</th><th class="number">Records</th><th>Reason</th><th>Position</th>'
    "<th>Message</th></tr></thead>"
)


class DeadLetters(Viewer):
    """The newest dead letters of all feeds, newest first. Whatever they hold is shown as text.

    Parameters
    ----------
    feeds : sequence of PageFeed
        Whose dead letters.
    browser : Browser
        Whose time zone the times are in.
    """

    n_beats = 5

    def __init__(self, feeds: Sequence[PageFeed], browser: Browser) -> None:
        super().__init__()
        self._feeds = tuple(feeds)
        self._browser = browser
        self._html = LiveHTML(sheet=_SHEET)
        self._shown: tuple[Any, ...] = ()
        self.update()

    def __panel__(self) -> Viewable:
        return self._html

    def update(self) -> bool:
        """Show the newest, where any came."""
        zone = zone_name(BROWSER_ZONE, self._browser.zone)
        letters = [(feed.name, letter) for feed in self._feeds for letter in feed.status().ledger.dead_letters]
        newest = sorted(letters, key=lambda named: named[1].received_ns)[-_N_SHOWN:][::-1]
        now = (zone, newest)
        if now == self._shown:
            return False
        self._shown = now
        self._html.html = f'<section class="panel"><h2>Dead letters</h2>{_table(newest, zone)}</section>'
        return True


def _table(letters: Sequence[tuple[str, DeadLetter]], zone: str) -> str:
    if not letters:
        return '<div class="quiet">None: everything that came could be read.</div>'
    rows = "".join(_row(feed, letter, zone) for feed, letter in letters)
    return f'<div class="scroll"><table>{_HEAD}<tbody>{rows}</tbody></table></div>'


def _row(feed: str, letter: DeadLetter, zone: str) -> str:
    position = DASH if letter.position is None else f"{letter.position.partition} {count(letter.position.offset)}"
    return (
        f"<tr><td>{clock_time(letter.received_ns, zone_of(zone))[:-3]}</td><td>{escape(feed)}</td>"
        f'<td>{escape(letter.kind)}</td><td class="number">{count(letter.n_records)}</td>'
        f'<td class="reason">{escape(letter.reason)}</td><td>{escape(position)}</td>'
        f'<td class="excerpt"><code>{escape(letter.excerpt[:_EXCERPT_CHARACTERS])}</code></td></tr>'
    )
