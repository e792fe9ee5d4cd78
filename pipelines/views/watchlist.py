"""The watchlist: every symbol's last value, how it moved in the last minute, and how busy it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode

import panel as pn
import panel_material_ui as pmui
from panel.viewable import Viewable, Viewer

from pipelines.live.key_figures import KeyFigures, busiest, key_figures
from pipelines.live.source import PageFeed
from pipelines.views.figures import DASH, count, decimals, percent, price, rate, signed
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.page.theme import BUTTONS
from pipelines.views.sparkline import sparkline

__all__ = ["Watchlist"]

_N_ROWS: Final = 50
_RANK_UPDATES: Final = 10

_SHEET: Final = """
.lists { display: flex; flex-wrap: wrap; gap: 0 36px; }
.lists table { flex: 1 1 430px; width: auto; table-layout: fixed; }
.lists th:nth-child(1) { width: 20%; } .lists th:nth-child(6) { width: 24%; }
td { height: 22px; padding-top: 2px; padding-bottom: 2px; overflow: hidden; text-overflow: ellipsis; }
td:first-child { font-weight: 600; }
td a { display: block; overflow: hidden; text-overflow: ellipsis; }
svg { display: block; width: 100%; height: 20px; } polyline { stroke-width: 1.25; }
tr:hover td { background: color-mix(in srgb, var(--text) 4%, transparent); }
.more { margin: 10px 0 0; }
@media (max-width: 1020px) { .lists table + table thead { display: none; } }
@media (max-width: 560px) {
  .lists th:nth-child(4), .lists td:nth-child(4), .lists th:nth-child(5), .lists td:nth-child(5) { display: none; }
  .lists th:nth-child(1) { width: 28%; } .lists th:nth-child(6) { width: 22%; }
}
"""
_HEAD: Final = (
    '<thead><tr><th>{key}</th><th class="number">Last</th><th class="number">1 min</th><th class="number">Spread</th>'
    '<th class="number">Rows/s</th><th>Last minute</th></tr></thead>'
)


class Watchlist(Viewer):
    """The busiest keys of one feed.

    Parameters
    ----------
    feed : PageFeed
        Whose keys.
    titled : bool
        Whether to name the feed: where there are several.
    """

    n_beats = 3

    def __init__(self, feed: PageFeed, *, titled: bool = False) -> None:
        super().__init__()
        self._feed = feed
        self._titled = titled
        self._order = pmui.RadioButtonGroup(options=["Busiest first", "By name"], **BUTTONS)
        self._order.param.watch(lambda _: self._rank(), "value")
        self._html = LiveHTML(sheet=_SHEET)
        self._codes: list[int] = []
        self._decimals: dict[int, int] = {}
        self._shown = (-1, -1)
        self._n_updates = 0
        self.update()

    def __panel__(self) -> Viewable:
        head = pn.Row(self._title(), self._order, sizing_mode="stretch_width", margin=0, align="center")
        return pn.Column(head, self._html, sizing_mode="stretch_width", margin=0, styles={"gap": "8px"})

    def update(self) -> bool:
        """Show the last values where any came, or another second has begun."""
        now = (self._feed.generation, self._feed.live_edge_ns() // 1_000_000_000)
        if now == self._shown:
            return False
        self._shown = now
        if self._n_updates % _RANK_UPDATES == 0 or not self._codes:
            self._rank()
        self._n_updates += 1
        return self._show()

    def _rank(self) -> None:
        """Choose the rows. Seldom, so that they don't jump about while somebody reads them."""
        feed = self._feed
        self._codes = busiest(feed, _N_ROWS)
        if self._order.value == "By name":
            self._codes.sort(key=feed.dictionary.name)
        self._show()

    def _show(self) -> bool:
        before = self._html.html
        figures = [(code, found) for code in self._codes if (found := key_figures(self._feed, code)) is not None]
        self._html.html = self._tables(figures) if figures else '<div class="panel quiet">Nothing has come yet.</div>'
        return self._html.html != before

    def _title(self) -> LiveHTML:
        name = f" of {escape(self._feed.name)}" if self._titled else ""
        return LiveHTML(f"<h2>Watchlist{name}</h2>", sheet="h2 { margin: 0; }", align="center")

    def _tables(self, figures: Sequence[tuple[int, KeyFigures]]) -> str:
        half = (len(figures) + 1) // 2 if len(figures) > 8 else len(figures)
        key = "Sensor" if figures[0][1].kind == "readings" else "Symbol"
        tables = "".join(self._table(part, key) for part in (figures[:half], figures[half:]) if part)
        n_more = len(self._feed.dictionary) - len(figures)
        more = f'<p class="more quiet">{count(n_more)} more: search them on the market page.</p>' if n_more > 0 else ""
        return f'<div class="panel"><div class="lists">{tables}</div>{more}</div>'

    def _table(self, figures: Iterable[tuple[int, KeyFigures]], key: str) -> str:
        rows = "".join(self._row(code, figure) for code, figure in figures)
        return f"<table>{_HEAD.format(key=key)}<tbody>{rows}</tbody></table>"

    def _row(self, code: int, figures: KeyFigures) -> str:
        needed = max(decimals(figures.value), decimals(figures.spread) if figures.quote else 0)
        n_decimals = self._decimals[code] = max(needed, self._decimals.get(code, 0))
        link = escape("./market?" + urlencode({"feed": self._feed.name, "symbol": figures.name}))
        change = figures.change
        moved = signed(change, n_decimals) if figures.kind == "readings" else percent(figures.share_of_change)
        colour = "up" if change > 0 else "down" if change < 0 else "quiet"
        return (
            f'<tr><td><a href="{link}" title="{escape(figures.name)}">{escape(figures.name)}</a></td>'
            f'<td class="number">{price(figures.value, n_decimals)}</td>'
            f'<td class="number {colour}">{moved}</td>'
            f'<td class="number">{price(figures.spread, n_decimals) if figures.quote else DASH}</td>'
            f'<td class="number quiet">{rate(figures.per_second)}</td>'
            f'<td class="{colour}">{sparkline(figures.trail[-60:])}</td></tr>'
        )
