"""One symbol's last price, quote and pace in one line."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from panel.viewable import Viewable, Viewer

from pipelines.core.dictionary import UNKNOWN
from pipelines.views.figures import DASH, clock_time, decimals, percent, price, rate, signed
from pipelines.views.key_figures import KeyFigures, key_figures
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.standing import Standing, standing_of
from pipelines.views.zones import zone_of

__all__ = ["QuoteStrip"]

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
        self._html = LiveHTML(sheet=_SHEET)
        self._of: tuple[str, str] = ("", "")
        self._value = float("nan")
        self._direction = ""
        self._n_decimals = 0
        self.update()

    def __panel__(self) -> Viewable:
        return self._html

    def update(self) -> bool:
        """Show what is known now."""
        choice, before = self._choice, self._html.html
        figures = None if choice.code == UNKNOWN else key_figures(choice.feed, choice.code)
        body = self._empty() if figures is None else self._figures(figures)
        self._html.html = f'<div class="panel">{body}</div>'
        return self._html.html != before

    def _empty(self) -> str:
        choice = self._choice
        what = "trade" if "trades" in choice.feed.kinds else "row"
        of = f" of {choice.symbol}" if choice.symbol else ""
        sentence = _why_empty(standing_of(choice.feed.status()), choice.symbol)
        return (
            f'<div class="empty"><strong>Waiting for the first {what}{escape(of)} from '
            f"{escape(choice.feed.name)}</strong>"
            f'<span class="quiet">{escape(sentence)}</span></div>'
        )

    def _figures(self, figures: KeyFigures) -> str:
        self._notice(figures)
        age_ns = max(self._choice.feed.live_edge_ns() - figures.newest_ns, 0)
        standing = standing_of(self._choice.feed.status(), age_ns)
        facts = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in self._facts(figures).items())
        why = "" if standing.word == "live" else escape(standing.why)
        return (
            f'<div class="strip"><div class="big">'
            f'<div class="name"><span>{escape(figures.name)}</span>{standing.badge}</div>'
            f'<div class="last {self._direction}">{price(figures.value, self._n_decimals)}</div>'
            f'<div class="quiet why">{why}</div></div>'
            f"<dl>{facts}</dl></div>"
        )

    def _notice(self, figures: KeyFigures) -> None:
        """Remember what the next update is compared with: which way the value went, and how fine it is."""
        of = (self._choice.feed_name, figures.name)
        if of != self._of:
            self._of, self._direction, self._n_decimals, self._value = of, "", 0, figures.value
        if figures.value != self._value:
            self._direction = "up" if figures.value > self._value else "down"
        self._value = figures.value
        shown = (figures.value, figures.quote.get("bid", 0.0), figures.quote.get("ask", 0.0))
        self._n_decimals = max(self._n_decimals, *(decimals(float(number)) for number in shown))

    def _facts(self, figures: KeyFigures) -> dict[str, str]:
        change = figures.change
        colour = "up" if change > 0 else "down" if change < 0 else "quiet"
        sensor = figures.kind == "readings"
        moved = signed(change, self._n_decimals) if sensor else percent(figures.share_of_change)
        facts = {"1 min": f'<span class="{colour}">{moved}</span>'}
        if "quotes" in self._choice.feed.kinds and not sensor:
            facts |= self._quote(figures)
        unit = {"trades": "Trades/s", "readings": "Readings/s"}.get(figures.kind, "Rows/s")
        newest = clock_time(figures.newest_ns, zone_of(self._choice.zone_name))[:-3]
        return facts | {unit: rate(figures.per_second), "Newest": newest}

    def _quote(self, figures: KeyFigures) -> dict[str, str]:
        quote: dict[str, Any] = dict(figures.quote)
        if not quote:
            return dict.fromkeys(("Bid", "Ask", "Spread"), DASH)
        return {
            "Bid": price(float(quote["bid"]), self._n_decimals),
            "Ask": price(float(quote["ask"]), self._n_decimals),
            "Spread": price(figures.spread, self._n_decimals),
        }


def _why_empty(standing: Standing, symbol: str) -> str:
    if standing.level == "ok" and symbol:
        return f"The feed is {standing.word}, but nothing of {symbol} has come."
    return standing.sentence[:1].upper() + standing.sentence[1:]
