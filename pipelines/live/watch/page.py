"""What `/watch` answers with: a page of one view, or words."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.colour import SIDE_COLOURS
from pipelines.live.frames.palette import PALETTE
from pipelines.live.wire.scripts import CLIENT_JS

__all__ = ["live_page", "words_page"]

_HERE: Final = Path(__file__).parent
_PAGE: Final = Template((_HERE / "watch.html").read_text("utf-8"))
_SCRIPT: Final = CLIENT_JS + "\n".join((_HERE / f"{name}.js").read_text("utf-8") for name in ("cells", "axes", "watch"))

_UNITS: Final = (
    ("d", 86_400 * NS_PER_SECOND),
    ("h", 3_600 * NS_PER_SECOND),
    ("min", 60 * NS_PER_SECOND),
    ("s", NS_PER_SECOND),
    ("ms", 1_000_000),
    ("\N{MICRO SIGN}s", 1_000),
    ("ns", 1),
)


def live_page(view: ViewSpec, *, ticket: str, frames: str) -> str:
    """Return the page of a view.

    Parameters
    ----------
    view : ViewSpec
        What is shown.
    ticket : str
        Names it as ``view``, and the newest row as ``last``.
    frames : str
        Address of `/frames`, seen from the page.
    """
    settings = {
        "ticket": ticket,
        "frames": frames,
        "span_ns": view.span_ns,
        "widens": view.glyph == "points",
        "value": view.value,
    }
    words = json.dumps(settings).replace("<", "\\u003c")
    script = (
        f'<script type="application/json" id="settings">{words}</script>\n<script type="module">\n{_SCRIPT}</script>'
    )
    what = f"{view.value}, the last {_duration(view.span_ns)}"
    header = (
        f'<b id="last"></b><span class="quiet">{escape(what)}</span>{_legend(view)}'
        '<span class="quiet" id="state">Connecting</span><span class="quiet" id="day"></span>'
    )
    label = escape(f"{view.key}: {what}", quote=True)
    return _page(view.key, header=header, main=f'<canvas role="img" aria-label="{label}"></canvas>', script=script)


def words_page(name: str, words: str) -> str:
    """Return a page that only says something."""
    return _page(name, main=f'<p class="words" role="alert">{escape(words)}</p>')


def _page(name: str, *, header: str = "", main: str, script: str = "") -> str:
    title = escape(f"{name} \N{MIDDLE DOT} streamshade")
    return _PAGE.substitute(title=title, name=escape(name), header=header, main=main, script=script)


def _legend(view: ViewSpec) -> str:
    """Return what the colours mean."""
    if view.glyph == "line":
        return ""
    if view.by == "side":
        words = zip(("sold", "even", "bought"), SIDE_COLOURS, strict=True)
        keys = "  ".join(f'<i style="background:{colour}"></i> {word}' for word, colour in words)
    else:
        keys = f'few <i style="width:4em;background:linear-gradient(to right,{",".join(PALETTE)})"></i> many rows'
    return f'<span class="quiet legend">{keys}</span>'


def _duration(span_ns: int) -> str:
    """Return a duration in the largest unit of which it is a whole number."""
    name, unit_ns = next((name, unit_ns) for name, unit_ns in _UNITS if span_ns % unit_ns == 0)
    return f"{span_ns // unit_ns:,} {name}"
