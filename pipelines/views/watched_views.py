"""The views that somebody watches: how many do, what they are sent, and how soon it is on their screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from panel.viewable import Viewable, Viewer

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.views.figures import DASH, amount, count, rate
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.page.theme import STACKED_ROWS

__all__ = ["WatchedViews"]

_N_SHOWN: Final = 30
_PERCENTS: Final = (50, 95, 99)

_SHEET: Final = """
td:first-child { font-weight: 600; white-space: normal; overflow-wrap: anywhere; }
p { margin: 8px 0 0; }
"""
_LABELS: Final = ("Viewers", "Frames/s", "Bytes/s", "Left out", *(f"To pixel p{percent}" for percent in _PERCENTS))
_HEAD: Final = "<th>View</th>" + "".join(f'<th class="number">{label}</th>' for label in _LABELS)
_WHAT: Final = (
    "To pixel: from the event time of a frame's newest row until a browser had painted it, over the last 2,000 frames, "
    "beyond what the source itself takes. Frames and bytes are those of all viewers together."
)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What had been sent of a view at a time of the monotonic clock."""

    now_ns: int
    n_frames: int
    n_bytes: int


class WatchedViews(Viewer):
    """A row for each view that is watched over ``/frames``, those with most viewers first.

    Parameters
    ----------
    counts : callable
        Gives what was sent, by what the views are called.
    clock : Clock, optional
        Whose monotonic time rates are by; by default the machine's.
    """

    n_beats = 5

    def __init__(self, counts: Callable[[], Mapping[str, ViewCounts]], *, clock: Clock | None = None) -> None:
        super().__init__()
        self._counts, self._clock = counts, clock or SystemClock()
        self._sent: dict[str, _Sent] = {}
        self._html = LiveHTML(sheet=STACKED_ROWS + _SHEET)
        self.update()

    def __panel__(self) -> Viewable:
        return self._html

    def update(self) -> bool:
        """Show what is watched now; returns whether anything changed."""
        watched = {name: counts for name, counts in self._counts().items() if counts.n_viewers}
        now_ns = self._clock.monotonic_ns()
        sent = {name: _Sent(now_ns, counts.n_frames.total(), counts.n_bytes) for name, counts in watched.items()}
        names = sorted(watched, key=lambda name: (-watched[name].n_viewers, name))
        rows = "".join(_row(name, watched[name], self._sent.get(name), sent[name]) for name in names[:_N_SHOWN])
        self._sent, before = sent, self._html.html
        self._html.html = f'<section class="panel"><h2>Views</h2>{_table(rows, len(names))}</section>'
        return self._html.html != before


def _table(rows: str, n_views: int) -> str:
    if not rows:
        return '<div class="quiet">Nobody looks at a live picture now: none is drawn.</div>'
    more = f" {count(n_views - _N_SHOWN)} more views are in /metrics." if n_views > _N_SHOWN else ""
    return (
        f'<div class="scroll"><table><thead><tr>{_HEAD}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="quiet">{_WHAT}{more}</p>'
    )


def _row(name: str, counts: ViewCounts, before: _Sent | None, now: _Sent) -> str:
    seconds = 0.0 if before is None else (now.now_ns - before.now_ns) / NS_PER_SECOND
    frames_s = bytes_s = DASH
    if before is not None and seconds > 0.0:
        frames_s = rate((now.n_frames - before.n_frames) / seconds)
        bytes_s = amount((now.n_bytes - before.n_bytes) / seconds)
    delays_ms = counts.to_pixel.percentiles_ms(*_PERCENTS)
    to_pixel = [DASH] * len(_PERCENTS) if delays_ms is None else [f"{delay_ms:,.0f} ms" for delay_ms in delays_ms]
    texts = (count(counts.n_viewers), frames_s, bytes_s, count(counts.n_dropped), *to_pixel)
    cells = "".join(
        f'<td class="number" data-label="{label}">{text}</td>' for label, text in zip(_LABELS, texts, strict=True)
    )
    return f"<tr><td>{escape(name)}</td>{cells}</tr>"
