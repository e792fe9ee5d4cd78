"""What the process itself takes, and where else to look."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from panel.viewable import Viewable, Viewer

from pipelines.live.feed import Feed
from pipelines.views.figures import DASH, amount, count
from pipelines.views.live_html import LiveHTML

__all__ = ["ProcessFacts", "resident_bytes"]

_STATM: Final = Path("/proc/self/statm")

_SHEET: Final = """
.panel { display: flex; flex-wrap: wrap; gap: 8px 32px; align-items: baseline; }
b { font-weight: 600; } .panel > :last-child { margin-left: auto; } a { color: var(--accent); }
"""


class ProcessFacts(Viewer):
    """Memory of the process and of all rows, its threads, and a link to the metrics.

    Parameters
    ----------
    feeds : sequence of Feed
        The feeds of the process.
    """

    n_beats = 10

    def __init__(self, feeds: Sequence[Feed]) -> None:
        super().__init__()
        self._feeds = tuple(feeds)
        self._html = LiveHTML(sheet=_SHEET)
        self.update()

    def __panel__(self) -> Viewable:
        return self._html

    def update(self) -> bool:
        """Show what is taken now."""
        before, resident = self._html.html, resident_bytes()
        facts = {
            "Process memory": DASH if resident is None else amount(resident),
            "of it rows": amount(sum(feed.status().memory_bytes for feed in self._feeds)),
            "Threads": count(threading.active_count()),
        }
        figures = "".join(
            f'<span><span class="quiet">{name}</span> <b>{value}</b></span>' for name, value in facts.items()
        )
        metrics = '<span><a href="./metrics">/metrics</a> <span class="quiet">for Prometheus</span></span>'
        self._html.html = f'<div class="panel">{figures}{metrics}</div>'
        return self._html.html != before


def resident_bytes() -> int | None:
    """Return the memory that this process has in RAM, or None where the system does not tell (it has no ``/proc``)."""
    try:
        return int(_STATM.read_text().split()[1]) * mmap.PAGESIZE
    except OSError:
        return None
