"""The candles of what is chosen: live, with volume, words where there are none."""

from __future__ import annotations

from typing import Any, Final

import panel as pn
import panel_material_ui as pmui
from panel.viewable import Viewable, Viewer

from pipelines.core.dictionary import UNKNOWN
from pipelines.core.schema import schema_of
from pipelines.views.candles.columns import candle_columns, n_decimals_of
from pipelines.views.candles.figure import CandleFigure
from pipelines.views.candles.key_bars import PERIODS, KeyBars, bars_snapshot
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.page.theme import BUTTONS, CARD
from pipelines.views.ticks.axis import date_label
from pipelines.views.weakly import weakly

__all__ = ["MarketCandles"]

_HEIGHT: Final = 470
_SHEET: Final = f"""
.empty {{ height: {_HEIGHT}px; display: grid; place-items: center; }}
.head {{ display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; }}
.head h2 {{ margin: 0; }}
.vwap::before {{ content: ""; display: inline-block; width: 14px; margin-right: 5px; vertical-align: middle;
  border-top: 2px solid var(--accent); }}
"""


class MarketCandles(Viewer):
    """Open, high, low and close a period of what is chosen, with its volume, at most five times a second.

    It follows the newest bar; zooming or panning pauses it, a reset or the button follows again.

    Parameters
    ----------
    choice : MarketChoice
        What is looked at, and in which periods.
    browser : Browser
        Tells whether the page is dark.
    """

    n_beats = 1

    def __init__(self, choice: MarketChoice, browser: Browser) -> None:
        super().__init__()
        self._choice = choice
        self._browser = browser
        self._of: tuple[Any, ...] = ()
        self._look: tuple[Any, ...] = ()
        self._bars: KeyBars | None = None
        self._figure = CandleFigure(height_px=_HEIGHT, dark=browser.dark)
        tell = weakly(self._tell)  # Panel keeps a button for as long as what its callback is given leads back to it
        self._figure.state.on_change("following", lambda _attr, _old, following: tell(following))
        self._head = LiveHTML(sheet=_SHEET)
        self._words = LiveHTML(sheet=_SHEET)
        self._pane = pn.pane.Bokeh(self._figure.model, sizing_mode="stretch_width", margin=0, visible=False)
        self._button = pmui.Button(label="Follow", visible=False, size="small", margin=0)
        self._button.js_on_click(args={"state": self._figure.state}, code="state.following = true")
        self.update()

    def __panel__(self) -> Viewable:
        periods = pmui.RadioButtonGroup.from_param(
            self._choice.param.period, label="", options=list(PERIODS), description="", **BUTTONS
        )
        head = pn.FlexBox(
            pn.Column(self._head, margin=0, styles={"flex": "1 1 200px"}),
            self._button,
            periods,
            gap="10px",
            margin=0,
            align_items="center",
            sizing_mode="stretch_width",
        )
        return pn.Column(head, self._words, self._pane, sizing_mode="stretch_width", margin=0, styles=CARD)

    def update(self) -> bool:
        """Show the bars as they are now, where any changed or something else was chosen."""
        choice = self._choice
        of = (choice.feed, choice.kind, choice.code, choice.period)
        is_other = of != self._of
        if is_other:
            self._open(*of)
        if self._bars is None:
            return is_other
        look = (choice.zone_name, self._browser.dark, self._figure.state.following)
        has_news = self._bars.update() or is_other or look != self._look
        if not has_news:
            return False
        self._look = look
        return self._show(self._bars, zone=choice.zone_name) or is_other

    def _open(self, feed: Any, kind: str | None, code: int, period: str) -> None:
        self._of = (feed, kind, code, period)
        self._bars = None
        if kind is not None and code != UNKNOWN and bars_snapshot(feed, kind, period) is not None:
            self._bars = KeyBars(feed, kind=kind, code=code, period=period)
            schema = schema_of(kind)
            self._figure.begin(
                has_volume="size" in schema.names, value_label=f"{schema.value} ({schema.column(schema.value).unit})"
            )
        why = "The candles begin with the first trade." if kind is None else f"There are no candles of {kind}."
        self._words.html = "" if self._bars else f'<div class="empty quiet">{why}</div>'
        self._words.visible, self._pane.visible = self._bars is None, self._bars is not None
        self._tell(True)

    def _show(self, bars: KeyBars, *, zone: str) -> bool:
        candles = bars.candles
        if len(candles) == 0:
            return False
        self._figure.paint(dark=self._browser.dark)
        n_decimals = max(n_decimals_of(column) for column in (candles.open, candles.high, candles.low, candles.close))
        days = date_label(int(candles.start_ns[0]), int(candles.end_ns[-1]), zone)
        columns = candle_columns(candles, bars.first_ordinal, zone, n_decimals)
        return self._figure.show(columns, n_decimals=n_decimals, time_label=f"{days}, {zone}")

    def _tell(self, following: bool) -> None:
        has_vwap = self._bars is not None and "size" in schema_of(self._of[1]).names
        legend = '<span class="quiet vwap">VWAP</span>' if has_vwap else ""
        paused = "" if following else '<span class="quiet"><b>Paused</b> - reset to follow</span>'
        self._head.html = f'<div class="head"><h2>Candles</h2>{legend}{paused}</div>'
        self._button.visible = not following
