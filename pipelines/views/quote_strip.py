"""One symbol's last price, quote and pace in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import panel as pn
import param
from panel.viewable import Viewable, Viewer

from pipelines.core.spec import FiguresSpec
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.bundle import bundle
from pipelines.views.page.theme import SHEET
from pipelines.views.ticks.linked import LINK_JS, LinkedPane

__all__ = ["QuotePane", "QuoteStrip"]

_HERE: Final = Path(__file__).parent
_SHEET: Final = """
.strip { display: flex; flex-wrap: wrap; gap: 8px 28px; align-items: center; }
.big { flex: 0 1 auto; min-width: 250px; }
.why { min-height: 1.5em; } /* also where it is empty, so that nothing moves when a stream falls silent */
.big .last { font-size: 30px; line-height: 1.15; font-weight: 650; letter-spacing: -0.02em; }
.big .name { display: flex; gap: 12px; align-items: baseline; font-weight: 650; min-width: 0; }
dl { flex: 1 1 520px; display: grid; grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); gap: 8px 18px; }
dl { margin: 0; }
dt { color: var(--quiet); font-size: 12px; white-space: nowrap; }
dd { margin: 0; font-size: 15px; font-weight: 600; white-space: nowrap; }
.empty { min-height: 58px; display: flex; flex-direction: column; justify-content: center; gap: 4px; }
@media (max-width: 560px) { dl { grid-template-columns: repeat(3, 1fr); } }
"""


class QuotePane(LinkedPane):
    """The strip, which the browser fills.

    Its `view` also tells ``feed`` and ``symbol``, ``what`` comes of it and whether it is ``quoted``.

    Parameters
    ----------
    zone : str
        Time zone of the newest row's time.
    """

    zone = param.String(default="UTC")

    _esm = "\n".join((LINK_JS, *((_HERE / f"{name}.js").read_text("utf-8") for name in ("amounts", "quote_strip"))))
    _bundle = bundle(__file__, _esm)

    def __init__(self, **params: Any) -> None:
        super().__init__(stylesheets=[SHEET + _SHEET], sizing_mode="stretch_width", margin=0, **params)


class QuoteStrip(Viewer):
    """Last value, change, bid, ask, spread and rate of what is chosen, and how fresh they are.

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
        self._pane = QuotePane()
        self.update()

    def __panel__(self) -> Viewable:
        if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
            self._pane.join_session()
        return self._pane

    def update(self) -> bool:
        """Hand on what was chosen. The strip draws itself."""
        choice = self._choice
        is_elsewhere = self._pane.zone != choice.zone_name
        self._pane.zone = choice.zone_name
        feed, symbol = of = (choice.feed, choice.symbol)
        if of == self._of:
            return is_elsewhere
        self._of = of
        words = {
            "of": f"{feed.name} {symbol}",
            "feed": feed.name,
            "symbol": symbol,
            "what": "trade" if "trades" in feed.kinds else "row",
            "quoted": "quotes" in feed.kinds,
        }
        self._pane.show(feed, FiguresSpec(feed.name, symbol), words=words)
        return True
