"""The browser's side of the protocol, as the text of one script: no build step, and nothing to be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["client_js"]

_HERE: Final = Path(__file__).parent


def client_js(*others: str) -> str:
    """Return the client, and other scripts of this folder behind it, as one text."""
    names = ("client", "socket", *others)
    return "\n".join((_HERE / f"{name}.js").read_text("utf-8") for name in names)
