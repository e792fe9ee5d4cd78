"""A view for all who watch it: one stream of messages that are made once."""

from __future__ import annotations

from pipelines.core.clock import NS_PER_MS
from pipelines.core.spec import View
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.live.source import FrameSource

__all__ = ["Channel"]


class Channel:
    """One view of a feed, watched by any number of panes.

    Parameters
    ----------
    source : FrameSource
        The feed.
    view : View
        What is shown.
    counts : ViewCounts
        Counts what is sent of it.

    Attributes
    ----------
    stream : ViewStream
        What is sent.
    n_panes : int
        How many watch.

    Raises
    ------
    SpecError
        Where the view can't be.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self, source: FrameSource, view: View, counts: ViewCounts) -> None:
        self.source = source
        self.view = view
        self.counts = counts
        self.n_panes = 0
        self.stream = source.stream(view)
        self._newest_ns: int | None = None

    @property
    def generation(self) -> int:
        """The newest generation of its messages; 0 before the first."""
        return self.stream.generation

    def poll(self, now_ns: int) -> None:
        """Take in what is new, and how old it was when it was drawn. `now_ns` is monotonic."""
        stream = self.stream
        stream.poll(now_ns)
        newest_ns, age_ns = stream.newest_ns, stream.age_ns
        if age_ns is not None and newest_ns != self._newest_ns:
            self._newest_ns = newest_ns
            self.counts.to_frame.observe(age_ns / NS_PER_MS)
