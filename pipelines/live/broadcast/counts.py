"""What was sent of a view, and how long it took to be seen."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pipelines.core.spec import BarsSpec, FiguresSpec, RowsSpec, View
from pipelines.live.wire.parts import is_keyframe

__all__ = ["BUCKETS_MS", "Delays", "ViewCounts", "label_of"]

BUCKETS_MS: Final = (5, 10, 20, 30, 40, 50, 70, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000)
"""Upper edges of what delays are counted in."""

_N_RECENT: Final = 2_000
_LONGEST_MS: Final = 3_600_000.0


def label_of(view: View) -> str:
    """Return what a view is called in the metrics: alike for all canvas classes and spans."""
    if isinstance(view, FiguresSpec):
        return f"{view.feed}/{view.key}/figures"
    if isinstance(view, BarsSpec):
        look = f"bars of {view.period}"
    elif isinstance(view, RowsSpec):
        look = "rows"
    else:
        look = view.glyph if view.by is None else f"{view.glyph} by {view.by}"
    return f"{view.feed}/{view.kind}/{view.key}/{look}"


class Delays:
    """How long something took.

    Attributes
    ----------
    n_in_bucket : list of int
        How many fell into each of `BUCKETS_MS`, and behind the last.
    total_ms : float
        Their sum.
    """

    def __init__(self) -> None:
        self.n_in_bucket = [0] * (len(BUCKETS_MS) + 1)
        self.total_ms = 0.0
        self._recent: deque[float] = deque(maxlen=_N_RECENT)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.n_in_bucket)

    def observe(self, delay_ms: float) -> None:
        """Count one. A clock that is ahead makes it 0, one that is far behind an hour."""
        delay_ms = min(max(delay_ms, 0.0), _LONGEST_MS)
        self.n_in_bucket[bisect_left(BUCKETS_MS, delay_ms)] += 1
        self.total_ms += delay_ms
        self._recent.append(delay_ms)

    @property
    def recent_ms(self) -> list[float]:
        """The last 2,000."""
        return list(self._recent)

    def add(self, n_in_bucket: Iterable[int], total_ms: float, recent_ms: Iterable[float]) -> None:
        """Count what somebody else has counted."""
        self.n_in_bucket = [ours + theirs for ours, theirs in zip(self.n_in_bucket, n_in_bucket, strict=True)]
        self.total_ms += total_ms
        self._recent.extend(recent_ms)

    def percentiles_ms(self, *percents: float) -> tuple[float, ...] | None:
        """Return percentiles of the last 2,000; None where there were none."""
        return tuple(np.percentile(list(self._recent), percents).tolist()) if self._recent else None


@dataclass(slots=True)
class ViewCounts:
    """What was sent of a view since the process began.

    Parameters
    ----------
    n_viewers : int
        Panes that show it now.
    n_frames : Counter
        Messages by their kind: ``"key"`` and ``"delta"``.
    n_bytes : int
        What they came to.
    n_dropped : int
        Frames that a viewer did not get, for it had not painted enough of those before.
    to_frame : Delays
        From the event time of a frame's newest row until it was drawn.
    to_pixel : Delays
        From that event time until a viewer's browser had painted it, as that measured.
    """

    n_viewers: int = 0
    n_frames: Counter[str] = field(default_factory=Counter)
    n_bytes: int = 0
    n_dropped: int = 0
    to_frame: Delays = field(default_factory=Delays)
    to_pixel: Delays = field(default_factory=Delays)

    def note(self, messages: Iterable[bytes]) -> None:
        """Count what a viewer was sent."""
        for message in messages:
            self.n_frames["key" if is_keyframe(message) else "delta"] += 1
            self.n_bytes += len(message)
