"""HTML whose changes are patched into the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import param
from panel.custom import JSComponent

from pipelines.views.page.theme import SHEET

__all__ = ["LiveHTML"]


class LiveHTML(JSComponent):
    """HTML that may change many times a second: what stays the same is left alone in the browser.

    Replacing an element between press and release loses the click, and takes selection and focus with it; so elements
    are kept, and only texts and attributes that differ are set.

    Parameters
    ----------
    html : str
        What to show. Whatever comes from outside must have been escaped. Setting an equal string sends nothing.
    sheet : str
        Styles of this piece, after those that all pages share.
    """

    html = param.String()

    _esm = Path(__file__).with_suffix(".js")

    def __init__(self, html: str = "", *, sheet: str = "", **params: Any) -> None:
        super().__init__(html=html, stylesheets=[SHEET + sheet], sizing_mode="stretch_width", margin=0, **params)
