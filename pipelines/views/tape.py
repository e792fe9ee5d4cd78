"""The tape: a symbol's newest rows, newest on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from panel.viewable import Viewable, Viewer

from pipelines.views.figures import clock_time, decimals, price
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.zones import zone_of

__all__ = ["Tape"]

_N_ROWS: Final = 24
_SIDES: Final = {1: "buy", -1: "sell"}
_COLUMNS: Final = {
    "trades": ("price", "size", "side"),
    "quotes": ("bid", "bid_size", "ask", "ask_size"),
    "readings": ("value",),
}
_SHEET: Final = """
table { table-layout: fixed; }
th, td { padding: 0 6px; text-align: right; overflow: hidden; text-overflow: ellipsis; }
th { padding-bottom: 6px; }
td { height: 22px; line-height: 22px; border: 0; }
th:first-child, td:first-child { width: 122px; text-align: left; }
.size { width: 76px; }
.side { width: 48px; text-align: left; }
.buy .price, .buy .side { color: var(--up); } .sell .price, .sell .side { color: var(--down); }
"""


class Tape(Viewer):
    """The newest rows of what is chosen, at most five times a second, times to the microsecond.

    Parameters
    ----------
    choice : MarketChoice
        What is looked at.
    """

    n_beats = 1

    def __init__(self, choice: MarketChoice) -> None:
        super().__init__()
        self._choice = choice
        self._shown: tuple[Any, ...] = ()
        self._of: tuple[Any, ...] = ()
        self._decimals: dict[str, int] = {}
        self._html = LiveHTML(sheet=_SHEET)
        self.update()

    def __panel__(self) -> Viewable:
        return self._html

    def update(self) -> bool:
        """Show the newest rows, where any came or something else was chosen."""
        choice, kind = self._choice, self._choice.kind
        now = (choice.feed_name, choice.symbol, kind, choice.zone_name, choice.feed.generation)
        if now == self._shown:
            return False
        self._shown = now
        if now[:3] != self._of:
            self._of, self._decimals = now[:3], {}
        series = None if kind is None else choice.feed.tables[kind].series(choice.code)
        before = self._html.html
        self._html.html = _table(kind or "trades", [] if series is None else self._lines(kind, series.tail(_N_ROWS)))
        return self._html.html != before

    def _lines(self, kind: str | None, rows: Mapping[str, NDArray[Any]]) -> list[str]:
        """Return rows (each column [n], newest last) as rows of a table, newest first."""
        zone = zone_of(self._choice.zone_name)
        columns = {"time": [clock_time(time_ns, zone) for time_ns in rows["time"].tolist()]}
        sides = [_SIDES.get(sign, "") for sign in rows["side"].tolist()] if "side" in rows else []
        for name in _COLUMNS[str(kind)]:
            columns[name] = sides if name == "side" else self._numbers(name, rows[name])
        n_rows = len(columns["time"])
        return [
            _line({name: texts[row] for name, texts in columns.items()}, sides[row] if sides else "")
            for row in reversed(range(n_rows))
        ]

    def _numbers(self, name: str, values: NDArray[np.float64]) -> list[str]:
        listed = values.tolist()
        n_decimals = max([self._decimals.get(name, 0), *(decimals(value) for value in listed)])
        self._decimals[name] = n_decimals
        return [price(value, n_decimals) for value in listed]


def _table(kind: str, lines: list[str]) -> str:
    """Return a table of constant height."""
    names = ("time", *_COLUMNS[kind])
    head = "".join(f'<th class="{name}">{name.replace("_", " ").capitalize()}</th>' for name in names)
    blank = [_line(dict.fromkeys(names, ""), "")] * (_N_ROWS - len(lines))
    return f"<h2>Tape</h2><table><thead><tr>{head}</tr></thead><tbody>{''.join(lines + blank)}</tbody></table>"


def _line(texts: Mapping[str, str], side: str) -> str:
    cells = "".join(f'<td class="{name}" data-label="{name}">{text}</td>' for name, text in texts.items())
    return f'<tr class="{side}">{cells}</tr>'
