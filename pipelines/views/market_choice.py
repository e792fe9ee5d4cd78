"""What somebody chose to look at, with the controls for it, kept in the page's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import panel as pn
import panel_material_ui as pmui
import param
from panel.viewable import Viewable, Viewer

from pipelines.core.clock import parse_duration_ns
from pipelines.core.dictionary import UNKNOWN
from pipelines.core.schema import schema_of
from pipelines.live.bars.key_bars import PERIODS
from pipelines.live.frames.looks import LOOKS
from pipelines.live.key_figures import busiest, primary_kind
from pipelines.live.source import PageFeed
from pipelines.views.page.browser import Browser
from pipelines.views.page.flow import flow
from pipelines.views.page.theme import BUTTONS
from pipelines.views.zones import BROWSER_ZONE, ZONES, zone_name

__all__ = ["SPANS", "MarketChoice"]

SPANS: Final = ("10s", "30s", "1m", "2m", "5m", "10m", "30m")
"""Lengths of the time axis."""

_MAX_OPTIONS: Final = 2_000


class MarketChoice(Viewer):
    """One symbol or sensor of one feed, and how its picture is drawn.

    Parameters
    ----------
    feeds : sequence of PageFeed
        What there is to choose from.
    browser : Browser
        Whose time zone is "my time".

    Notes
    -----
    The address holds all of it, defaults included, so that a link shows the same to somebody else.
    """

    feed_name = param.String(doc="Which feed.")
    symbol = param.String(doc="Which symbol or sensor; empty until one is known.")
    span = param.Selector(default="1m", objects=list(SPANS), doc="Length of the time axis.")
    draw = param.Selector(default="points", objects=list(LOOKS), doc="How rows are drawn.")
    period = param.Selector(default="1s", objects=list(PERIODS), doc="Length of a candle.")
    zone = param.Selector(default=BROWSER_ZONE, objects=list(ZONES.values()), doc="Time zone of all times.")

    n_beats = 5

    def __init__(self, feeds: Sequence[PageFeed], browser: Browser) -> None:
        self._feeds = {feed.name: feed for feed in feeds}
        self._browser = browser
        self._symbols_are_of = next(iter(self._feeds))
        super().__init__(feed_name=self._symbols_are_of)
        self._search = pmui.AutocompleteInput(
            label="Symbol",
            value=self.symbol,
            restrict=False,
            case_sensitive=False,
            search_strategy="includes",
            min_characters=0,
            size="small",
            margin=0,
            min_width=150,
        )
        self._search.param.watch(self._on_search, "value")
        self._n_listed = -1

    @property
    def feed(self) -> PageFeed:
        """The feed that was chosen."""
        return self._feeds[self.feed_name]

    @property
    def code(self) -> int:
        """The symbol's code, or `UNKNOWN` where nothing came of it."""
        return self.feed.dictionary.find(self.symbol)

    @property
    def kind(self) -> str | None:
        """The kind that speaks for the symbol, or None where nothing came of it."""
        return None if self.code == UNKNOWN else primary_kind(self.feed, self.code)

    @property
    def look(self) -> str:
        """How rows are drawn: as points where they have no side to be told apart by."""
        by = LOOKS[self.draw].get("by")
        has_column = self.kind is None or by is None or by in schema_of(self.kind).names
        return str(self.draw) if has_column else "points"

    @property
    def span_ns(self) -> int:
        """Length of the time axis, nanoseconds."""
        return parse_duration_ns(self.span)

    @property
    def zone_name(self) -> str:
        """IANA name of the time zone."""
        return zone_name(self.zone, self._browser.zone)

    def keep_in_address(self) -> None:
        """Take what the page's address holds, then keep the address up to date."""
        names = {"feed_name": "feed", **{name: name for name in ("symbol", "span", "draw", "period", "zone")}}
        given = {name: values[0].decode("utf-8", "replace") for name, values in pn.state.session_args.items() if values}
        self._take({own: given[public] for own, public in names.items() if public in given})
        self.update()
        # Not before the browser shows the page: it would not hear of it.
        pn.state.onload(lambda: pn.state.location.sync(self, names, on_error=self._take))

    def update(self) -> bool:
        """List the symbols that are new, and choose the busiest where none is chosen."""
        feed = self.feed
        if not self.symbol:
            self.symbol = next((feed.dictionary.name(code) for code in busiest(feed, 1)), "")
        if len(feed.dictionary) == self._n_listed:
            return False
        self._n_listed = len(feed.dictionary)
        self._search.options = sorted(feed.dictionary.names[:_MAX_OPTIONS])
        return True

    def __panel__(self) -> Viewable:
        small: dict[str, Any] = {"size": "small", "margin": 0, "width": 120, "description": ""}
        which = pmui.Select.from_param(self.param.feed_name, label="Feed", options=list(self._feeds), **small)
        return flow(
            *([which] if len(self._feeds) > 1 else []),
            self._search,
            pmui.Select.from_param(self.param.span, label="Span", options=list(SPANS), **small | {"width": 90}),
            pmui.Select.from_param(self.param.zone, label="Times in", options=ZONES, **small),
            pmui.RadioButtonGroup.from_param(self.param.draw, label="", options=list(LOOKS), description="", **BUTTONS),
            gap="10px",
        )

    @param.depends("feed_name", watch=True)
    def _on_feed(self) -> None:
        if self.feed_name not in self._feeds:
            self.feed_name = self._symbols_are_of
        if self.feed_name == self._symbols_are_of:  # a name that there is not was put right: the symbol stays
            return
        self._symbols_are_of = self.feed_name
        self.symbol = ""
        self._n_listed = -1
        self.update()

    @param.depends("symbol", watch=True)
    def _on_symbol(self) -> None:
        self._search.value = self.symbol

    def _on_search(self, event: Any) -> None:
        """Take what was typed; the case does not matter where only one symbol is meant."""
        typed = (event.new or "").strip()
        alike = [name for name in self.feed.dictionary.names if name.casefold() == typed.casefold()]
        self.symbol = typed if typed in alike or len(alike) != 1 else alike[0]

    def _take(self, given: Mapping[str, Any]) -> None:
        """Set what can be set: a link may be older than what it names, or mistyped."""
        for name, value in given.items():
            try:
                setattr(self, name, str(value))
            except ValueError:
                continue
