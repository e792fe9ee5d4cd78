"""The tape: a symbol's newest rows, newest on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import panel as pn
from numpy.typing import NDArray
from panel.theme import Native
from panel.viewable import Viewable, Viewer

from pipelines.views.figures import clock_time, decimals, price
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.page.theme import TABLE_SHEET
from pipelines.views.zones import zone_of

__all__ = ["Tape"]

_N_ROWS: Final = 24
_ROW_PX: Final = 22
_HEADER_PX: Final = 30
_SIDES: Final = {1: "buy", -1: "sell"}
_COLUMNS: Final = {
    "trades": ("price", "size", "side"),
    "quotes": ("bid", "bid_size", "ask", "ask_size"),
    "readings": ("value",),
}


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
        numbers = [name for names in _COLUMNS.values() for name in names if name != "side"]
        self._table = pn.widgets.Tabulator(
            _blank("trades"),
            layout="fit_columns",
            show_index=False,
            disabled=True,
            selectable=False,
            sortable=False,
            design=Native,
            theme="simple",
            configuration={"rowHeight": _ROW_PX, "columnDefaults": {"resizable": False}},
            formatters={name: {"type": "html"} for name in ("price", "side")},
            text_align=dict.fromkeys(numbers, "right"),
            header_align=dict.fromkeys(numbers, "right"),
            titles={name: name.replace("_", " ").capitalize() for name in ("time", "side", *numbers)},
            widths={"time": 122, "size": 76, "side": 48},
            stylesheets=[TABLE_SHEET],
            height=_N_ROWS * _ROW_PX + _HEADER_PX,
            sizing_mode="stretch_width",
            margin=0,
        )  # filled by the first beat: Tabulator shows no rows that it was given before it had a width

    def __panel__(self) -> Viewable:
        return pn.Column(LiveHTML("<h2>Tape</h2>"), self._table, sizing_mode="stretch_width", margin=0)

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
        frame = _blank(kind or "trades") if kind is None or series is None else self._frame(kind, series.tail(_N_ROWS))
        return self._show(frame)

    def _show(self, frame: pd.DataFrame) -> bool:
        if list(frame) != list(self._table.value):
            self._table.value = frame
            return True
        if frame.equals(self._table.value):
            return False
        self._table.patch({name: [(slice(0, _N_ROWS), frame[name].tolist())] for name in frame})
        return True

    def _frame(self, kind: str, rows: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
        """Return rows (each column [n], newest last) as text, newest first, in a table of constant height."""
        zone = zone_of(self._choice.zone_name)
        texts = {"time": [clock_time(time_ns, zone) for time_ns in rows["time"].tolist()]}
        for name in _COLUMNS[kind]:
            texts[name] = self._numbers(name, rows[name]) if name != "side" else _sides(rows["side"])
        if kind == "trades":
            sides = (_SIDES.get(side, "") for side in rows["side"].tolist())
            texts["price"] = [
                f'<span class="{side}">{text}</span>' for side, text in zip(sides, texts["price"], strict=True)
            ]
        n_blank = _N_ROWS - len(rows["time"])
        return pd.DataFrame(
            {name: [*reversed(column), *[""] * n_blank] for name, column in texts.items()}, dtype=object
        )

    def _numbers(self, name: str, values: NDArray[np.float64]) -> list[str]:
        listed = values.tolist()
        n_decimals = max([self._decimals.get(name, 0), *(decimals(value) for value in listed)])
        self._decimals[name] = n_decimals
        return [price(value, n_decimals) for value in listed]


def _sides(signs: NDArray[np.int8]) -> list[str]:
    return [f'<span class="{_SIDES.get(sign, "")}">{_SIDES.get(sign, "")}</span>' for sign in signs.tolist()]


def _blank(kind: str) -> pd.DataFrame:
    return pd.DataFrame({name: [""] * _N_ROWS for name in ("time", *_COLUMNS[kind])}, dtype=object)
