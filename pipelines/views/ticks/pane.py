"""The browser's part of a picture, as a Panel component: the words above it, and what draws into its figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import param
from panel.custom import JSComponent

from pipelines.live.wire.scripts import CLIENT_JS

__all__ = ["TickPane"]

_HERE: Final = Path(__file__).parent
_SCRIPTS: Final = ("document", "strips", "figure", "kept", "seen", "clients", "pane")
_SHEET: Final = """
.ticks { display: flex; align-items: center; gap: 12px; height: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums; font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
  "Noto Sans", Arial, sans-serif; }
.ticks span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; display: -webkit-box;
  -webkit-line-clamp: 2; -webkit-box-orient: vertical; color: var(--mui-palette-text-secondary, inherit); }
.ticks button { font: inherit; font-weight: 600; padding: 4px 12px; border-radius: 6px; cursor: pointer;
  color: var(--mui-palette-primary-main, #0b62c4); background: none; border: 1px solid currentColor; }
.ticks button[hidden] { display: none; }
"""


class TickPane(JSComponent):
    """The words above a picture, and the code that brings it to life.

    Parameters
    ----------
    figure : str
        Name of the figure that it draws into.
    view : dict
        What is shown: ``name`` and ``ticket`` for the server, ``span_ns``, whether the browser ``widens`` lone cells,
        and ``of`` what it is. Empty where nothing is.
    axis : dict
        ``origin`` and ``zone`` of the time axis.
    following : bool
        Whether it is at the live edge.
    route : str
        Where the frames come from, relative to the page; empty where they come over the document.
    """

    figure = param.String()
    view = param.Dict(default={})
    axis = param.Dict(default={})
    following = param.Boolean(default=True)
    route = param.String()

    _esm = "\n".join((CLIENT_JS, *((_HERE / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)))

    def __init__(self, hear: Callable[[Any], None], *, height_px: int, **params: Any) -> None:
        super().__init__(stylesheets=[_SHEET], height=height_px, sizing_mode="stretch_width", margin=(0, 8), **params)
        self._hear = hear

    def tell(self, message: Any) -> None:
        """Send something to the browser, wherever the picture is shown."""
        self._send_msg(message)

    def _handle_msg(self, data: Any) -> None:
        self._hear(data)
