"""How a crowd is grown to the most that one core keeps up with, in few steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Load", "next_crowd"]

_BUSY: Final = 0.92
"""The share of the core that the next crowd is to come to."""

_MOST_GROWTH: Final = 4


@dataclass(frozen=True, slots=True)
class Load:
    """What so many pages came to.

    Parameters
    ----------
    n_pages : int
        How many pages were open.
    fps : float
        Frames a second that a page got.
    updates_s : float
        Updates of its document a second that a page got, and acknowledged.
    bytes_s : float
        Bytes a second that a page was sent.
    cpu_share : float
        Share of its core that the server was busy.
    """

    n_pages: int
    fps: float
    updates_s: float
    bytes_s: float
    cpu_share: float

    def keeps_up(self, fps: float, updates_s: float) -> bool:
        """Return whether pages get 95% of the frames that they ask for, and so many updates."""
        return self.fps >= 0.95 * fps and self.updates_s >= updates_s

    @property
    def page_cpu_ms(self) -> float:
        """Milliseconds a second that a page costs, with its share of what all share."""
        return self.cpu_share * 1e3 / self.n_pages


def next_crowd(loads: Sequence[Load], most: int) -> int:
    """Return how many pages to try after what was measured: as many as should nearly fill the core.

    What a page more costs is told by the first load and the last, or by the only one. At least a tenth more, at most
    four times as many, and never more than `most`.
    """
    first, last = loads[0], loads[-1]
    n_more, share_more = last.n_pages - first.n_pages, last.cpu_share - first.cpu_share
    a_page = share_more / n_more if n_more and share_more > 0 else last.cpu_share / last.n_pages
    n_left = round((_BUSY - last.cpu_share) / a_page)
    least, largest = max(1, last.n_pages // 10), (_MOST_GROWTH - 1) * last.n_pages
    return min(last.n_pages + min(max(n_left, least), largest), most)
