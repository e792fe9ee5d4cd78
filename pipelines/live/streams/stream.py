"""What is sent of a view, wherever it is drawn: its newest generation as messages, and looks at other ranges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Look", "Range", "ViewStream"]


@dataclass(frozen=True, slots=True)
class Range:
    """What a viewer who zoomed wants to see.

    Parameters
    ----------
    start_ns, end_ns : int
        From when until before when, nanoseconds UTC.
    low, high : float
        Lowest and highest value.
    n_columns : int
        Canvas class.
    """

    start_ns: int
    end_ns: int
    low: float
    high: float
    n_columns: int


class Look(Protocol):
    """A range that somebody looks at: drawn once, and again where rows may have come into it."""

    def ask(self, now_ns: int) -> None:
        """Ask for it again where that is due. `now_ns` is monotonic."""
        ...

    def take(self) -> bytes | str | None:
        """Return the parts of the newest picture, or why there is none in words, once; None where nothing is new."""
        ...

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """Return the row under a place of the newest picture, in words; empty where there is none. Any thread."""
        ...

    def close(self) -> None:
        """Want it no more."""
        ...


class ViewStream(Protocol):
    """One view of a feed as messages.

    Notes
    -----
    *Threads.* The loop that sends, but for `row_at`, which may take some milliseconds on any other.
    """

    @property
    def generation(self) -> int:
        """The newest generation of its messages; 0 before the first."""
        ...

    @property
    def newest_ns(self) -> int | None:
        """Event time of the newest row that is shown, nanoseconds UTC; None where there is none."""
        ...

    @property
    def age_ns(self) -> int | None:
        """How old that row was when it was drawn, by the source's clock; None where there is none."""
        ...

    @property
    def failure(self) -> str:
        """Why the view is not drawn any more; empty while it is."""
        ...

    def poll(self, now_ns: int) -> None:
        """Take in what is new. `now_ns` is monotonic."""
        ...

    def messages(self, base: int) -> tuple[bytes, ...]:
        """Return what leads from a generation to the newest, to be sent in this order; from 0 to who has none."""
        ...

    def look(self, where: Range, wake: Callable[[], None]) -> Look:
        """Look at a range. `wake` is called, by any thread, when there is something to take.

        Raises
        ------
        SpecError
            Where it can't be drawn.
        """
        ...

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """Return the row under a place of the newest picture, in words; empty where there is none."""
        ...

    def close(self) -> None:
        """Let go of the view."""
        ...
