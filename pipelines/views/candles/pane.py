"""The browser's part of the candles, as a Panel component: the words above them, and what draws into their figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import param

from pipelines.views.page.bundle import bundle
from pipelines.views.page.theme import SHEET
from pipelines.views.ticks.linked import LINK_JS, LinkedPane
from pipelines.views.ticks.pane import FOLLOW_BUTTON

__all__ = ["CandlePane"]

_HERE: Final = Path(__file__).parent
_SCRIPTS: Final = ("scale", "figure", "pane")
_SHEET: Final = f"""
.candles {{ display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; }}
.candles h2 {{ margin: 0; }}
.vwap::before {{ content: ""; display: inline-block; width: 14px; margin-right: 5px; vertical-align: middle;
  border-top: 2px solid var(--accent); }}
[hidden] {{ display: none; }}
{FOLLOW_BUTTON}
button {{ margin-left: auto; }}
"""


class CandlePane(LinkedPane):
    """The words above candles, and the code that brings them to life.

    Parameters
    ----------
    figure : str
        What the parts of the figure are found by.
    zone : str
        Time zone of axis and hover.
    following : bool
        Whether they follow the newest bar.
    has_vwap : bool
        Whether there is a mean weighted by size.
    failure : str
        Why there are no bars, as the browser was told; empty while there are, or may be.
    """

    figure = param.String()
    zone = param.String(default="UTC")
    following = param.Boolean(default=True)
    has_vwap = param.Boolean(default=False)
    failure = param.String()

    _esm = "\n".join((LINK_JS, *((_HERE / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)))
    _bundle = bundle(__file__, _esm)

    def __init__(self, **params: Any) -> None:
        super().__init__(stylesheets=[SHEET + _SHEET], sizing_mode="stretch_width", margin=0, **params)
