"""The tape: a symbol's newest rows, newest on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import panel as pn
import param
from panel.viewable import Viewable, Viewer

from pipelines.core.spec import RowsSpec
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.bundle import bundle
from pipelines.views.page.theme import SHEET
from pipelines.views.ticks.linked import LINK_JS, LinkedPane

__all__ = ["Tape", "TapePane"]

_N_ROWS: Final = 24
_COLUMNS: Final = {
    "trades": ["price", "size", "side"],
    "quotes": ["bid", "bid_size", "ask", "ask_size"],
    "readings": ["value"],
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


class TapePane(LinkedPane):
    """The table, which the browser fills.

    Its `view` also tells ``of`` what it is.

    Parameters
    ----------
    columns : list of str
        What is shown of a row besides its time.
    zone : str
        Time zone of the times.
    n_rows : int
        How many lines there are, empty ones included.
    """

    columns = param.List(default=_COLUMNS["trades"])
    zone = param.String(default="UTC")
    n_rows = param.Integer(default=_N_ROWS)

    _esm = "\n".join((LINK_JS, Path(__file__).with_suffix(".js").read_text("utf-8")))
    _bundle = bundle(__file__, _esm)

    def __init__(self, **params: Any) -> None:
        super().__init__(stylesheets=[SHEET + _SHEET], sizing_mode="stretch_width", margin=0, **params)


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
        self._of: tuple[Any, ...] | None = None
        self._pane = TapePane()
        self.update()

    def __panel__(self) -> Viewable:
        if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
            self._pane.join_session()
        return self._pane

    def update(self) -> bool:
        """Hand on what was chosen. The tape draws itself."""
        choice = self._choice
        is_elsewhere = self._pane.zone != choice.zone_name
        self._pane.zone = choice.zone_name
        feed, kind, symbol = of = (choice.feed, choice.kind, choice.symbol)
        if of == self._of:
            return is_elsewhere
        self._of = of
        if kind is None:
            self._pane.blank()
            return True
        words = {"of": f"{feed.name} {kind} {symbol}"}
        self._pane.show(feed, RowsSpec(feed.name, kind, symbol, _N_ROWS), words=words, columns=_COLUMNS[kind])
        return True
