"""The candles of what is chosen: live, with volume, words where there are none."""

from __future__ import annotations

import uuid
from html import escape
from typing import Any, Final

import panel as pn
import panel_material_ui as pmui
from panel.viewable import Viewable, Viewer

from pipelines.core.schema import schema_of
from pipelines.core.spec import BarsSpec, Period
from pipelines.live.bars.key_bars import PERIODS
from pipelines.live.source import FrameSource
from pipelines.views.candles.figure import CandleFigure
from pipelines.views.candles.pane import CandlePane
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.page.flow import flow
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.page.theme import BUTTONS, CARD

__all__ = ["MarketCandles"]

_HEIGHT: Final = 470
_SHEET: Final = f".empty {{ height: {_HEIGHT}px; display: grid; place-items: center; }}"


class MarketCandles(Viewer):
    """Open, high, low and close a period of what is chosen, with its volume, at most five times a second.

    It follows the newest bar; zooming or panning pauses it, a reset or the button follows again. The bars come to the
    browser as those of a live picture do, which draws them.

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
        self._shown: tuple[Any, ...] = (None,)
        self._pane = CandlePane(figure=uuid.uuid4().hex)
        self._figure = CandleFigure(self._pane.figure, height_px=_HEIGHT, dark=browser.dark)
        self._words = LiveHTML(sheet=_SHEET)
        self._plot = pn.pane.Bokeh(self._figure.model, sizing_mode="stretch_width", margin=0, visible=False)
        self.update()

    def __panel__(self) -> Viewable:
        if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
            self._pane.join_session()
        periods = pmui.RadioButtonGroup.from_param(
            self._choice.param.period, label="", options=list(PERIODS), description="", **BUTTONS
        )
        self._pane.styles = {"flex": "1 1 200px"}
        head = flow(self._pane, periods, gap="10px")
        return pn.Column(head, self._words, self._plot, sizing_mode="stretch_width", margin=0, styles=CARD)

    def update(self) -> bool:
        """Hand on what was chosen. The candles draw themselves."""
        choice = self._choice
        self._figure.paint(dark=self._browser.dark)
        of = (choice.feed, choice.kind, choice.symbol, choice.period)
        shown = (of, choice.zone_name, self._pane.failure)
        if shown == self._shown:
            return False
        if of != self._shown[0]:
            self._open(*of)
        self._pane.zone = choice.zone_name
        self._shown = (of, choice.zone_name, self._pane.failure)
        why = self._why(choice.kind)
        self._words.html = f'<div class="empty quiet">{escape(why)}</div>' if why else ""
        self._words.visible, self._plot.visible = bool(why), not why
        return True

    def _why(self, kind: str | None) -> str:
        """Return why there are no candles; empty where there are."""
        if kind is None:
            return "The candles begin with the first trade."
        return f"There are no candles: {self._pane.failure}." if self._pane.failure else ""

    def _open(self, feed: FrameSource, kind: str | None, symbol: str, period: Period) -> None:
        if kind is None:
            self._pane.has_vwap = False
            self._pane.blank()
            return
        schema = schema_of(kind)
        has_size = "size" in schema.names
        self._figure.begin(has_volume=has_size, value_label=f"{schema.value} ({schema.column(schema.value).unit})")
        view = BarsSpec(feed.name, kind, symbol, period)
        self._pane.show(feed, view, words={}, has_vwap=has_size, following=True, failure="")
