"""The browser's part of a picture, as a Panel component: the words above it, and what draws into its figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import param

from pipelines.views.page.bundle import bundle
from pipelines.views.ticks.linked import LINK_JS, LinkedPane

__all__ = ["FOLLOW_BUTTON", "TickPane"]

_HERE: Final = Path(__file__).parent
_SCRIPTS: Final = ("strips", "figure", "kept", "pane")

FOLLOW_BUTTON: Final = """
button { font: inherit; font-weight: 600; padding: 4px 12px; border-radius: 6px; cursor: pointer;
  color: var(--mui-palette-primary-main, #0b62c4); background: none; border: 1px solid currentColor; }
button[hidden] { display: none; }
"""
"""What the button looks like that follows the live edge again."""

_SHEET: Final = f"""
.ticks {{ display: flex; align-items: center; gap: 12px; height: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums; font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
  "Noto Sans", Arial, sans-serif; }}
.ticks span {{ flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; display: -webkit-box;
  -webkit-line-clamp: 2; -webkit-box-orient: vertical; color: var(--mui-palette-text-secondary, inherit); }}
{FOLLOW_BUTTON}
"""


class TickPane(LinkedPane):
    """The words above a picture, and the code that brings it to life.

    Its `view` also tells ``span_ns``, whether the browser ``widens`` lone cells, and ``of`` what it is.

    Parameters
    ----------
    figure : str
        Name of the figure that it draws into.
    axis : dict
        ``origin`` and ``zone`` of the time axis.
    following : bool
        Whether it is at the live edge.
    """

    figure = param.String()
    axis = param.Dict(default={})
    following = param.Boolean(default=True)

    _esm = "\n".join((LINK_JS, *((_HERE / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)))
    _bundle = bundle(__file__, _esm)

    def __init__(self, *, height_px: int, **params: Any) -> None:
        super().__init__(stylesheets=[_SHEET], height=height_px, sizing_mode="stretch_width", margin=(0, 8), **params)
