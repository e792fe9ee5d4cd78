"""One symbol or sensor: its ticks, its tape, its candles and its last price."""

from __future__ import annotations

from pipelines.live.feeds import process_feeds
from pipelines.views.candles.market_candles import MarketCandles
from pipelines.views.market_choice import MarketChoice
from pipelines.views.market_picture import MarketPicture
from pipelines.views.page.frame import LiveView, PageFrame
from pipelines.views.quote_strip import QuoteStrip
from pipelines.views.tape import Tape


def compose(frame: PageFrame) -> list[LiveView | tuple[LiveView, LiveView]]:
    """Return the views of the page."""
    choice = MarketChoice(tuple(process_feeds()), frame.browser)
    choice.keep_in_address()
    ticks = (MarketPicture(choice, frame.browser), Tape(choice))
    return [choice, QuoteStrip(choice), ticks, MarketCandles(choice, frame.browser)]


PageFrame("market", compose).servable()
