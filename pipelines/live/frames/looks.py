"""How rows may be drawn, by the names that people choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["LOOKS"]

LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "points": {},
    "side": {"by": "side"},
    "line": {"glyph": "line", "reduction": "any"},
}
"""Parts of a `ViewSpec`: the number of rows in a cell, the same by side, or a line through them."""
