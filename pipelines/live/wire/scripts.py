"""The browser's side of the protocol, as the text of one script: no build step, and nothing to be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["CLIENT_JS", "FORMATS_JS"]

_HERE: Final = Path(__file__).parent

_NAMES: Final = ("formats", "clock", "canvas", "client", "bars", "rows", "figures", "socket", "widen", "caption")

CLIENT_JS: Final = "\n".join((_HERE / f"{name}.js").read_text("utf-8") for name in _NAMES)
"""The connection, what comes over it, and what is told of it. What draws follows."""

FORMATS_JS: Final = (_HERE / "formats.js").read_text("utf-8").replace("export ", "")
"""How times and numbers are written, for scripts that are no modules."""
