"""What a session knows of its browser: how far it has drawn, its time zone, and whether it is dark there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import param
from panel.custom import JSComponent

__all__ = ["DARK_COOKIE", "Browser"]

DARK_COOKIE = "streamshade_dark"
"""Holds 1 where the person chose the dark mode, 0 for the light one."""

_MOST_AHEAD: Final = 5
"""So many updates are on the way at most: those of the time that an acknowledgement takes, on a good line."""


class Browser(JSComponent):
    """The other end of a session; shows nothing.

    Parameters
    ----------
    n_sent : int
        Updates that the session has sent.
    n_drawn : int
        Updates that the browser has drawn. It falls behind where the line is slow and while the tab is hidden.
    zone : str
        The browser's time zone, an IANA name; empty until it has told.
    dark : bool
        Whether the page is dark there.
    """

    n_sent = param.Integer(default=0)
    n_drawn = param.Integer(default=0)
    zone = param.String()
    dark = param.Boolean(default=False)

    _esm = Path(__file__).with_suffix(".js")

    @property
    def keeps_up(self) -> bool:
        """Whether the browser is there and has drawn all but what was sent last."""
        return bool(self.zone) and self.n_sent - self.n_drawn < _MOST_AHEAD
