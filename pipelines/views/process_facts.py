"""What the process itself takes, and where else to look."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pipelines.live.status import FeedStatus
from pipelines.views.feeds_html import FeedsHTML
from pipelines.views.figures import DASH, amount, count

__all__ = ["ProcessFacts", "resident_bytes"]

_STATM: Final = Path("/proc/self/statm")

_SHEET: Final = """
.panel { display: flex; flex-wrap: wrap; gap: 8px 32px; align-items: baseline; }
b { font-weight: 600; } .panel > :last-child { margin-left: auto; } a { color: var(--accent); }
"""


class ProcessFacts(FeedsHTML):
    """Memory of the process and of all rows, its threads, and a link to the metrics."""

    n_beats = 10
    sheet = _SHEET

    def render(self, statuses: Sequence[FeedStatus]) -> str:
        """Return what is taken now."""
        resident = resident_bytes()
        facts = {
            "Process memory": DASH if resident is None else amount(resident),
            "of it rows": amount(sum(status.memory_bytes for status in statuses)),
            "Threads": count(threading.active_count()),
        }
        figures = "".join(
            f'<span><span class="quiet">{name}</span> <b>{value}</b></span>' for name, value in facts.items()
        )
        metrics = '<span><a href="./metrics">/metrics</a> <span class="quiet">for Prometheus</span></span>'
        return f'<div class="panel">{figures}{metrics}</div>'


def resident_bytes() -> int | None:
    """Return the memory that this process has in RAM, or None where the system does not tell (it has no ``/proc``)."""
    try:
        return int(_STATM.read_text().split()[1]) * mmap.PAGESIZE
    except OSError:
        return None
