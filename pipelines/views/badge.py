"""How something stands, as a word with a dot in its colour."""

from __future__ import annotations

from html import escape

from pipelines.live.standing import Standing

__all__ = ["badge"]


def badge(standing: Standing) -> str:
    """Return a standing as HTML."""
    return f'<span class="badge {standing.level}" title="{escape(standing.why)}">{escape(standing.word)}</span>'
