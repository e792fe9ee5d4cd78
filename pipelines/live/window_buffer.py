"""The window of one key as a HoloViews Buffer: one a session, pulled on that session's loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from holoviews.streams import Buffer, Stream
from numpy.typing import NDArray

from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.schema import schema_of
from pipelines.live.growing import GrowingColumns
from pipelines.store.series import Series
from pipelines.store.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TickFeed", "WindowBuffer"]

_TRIM_STEPS: Final = 16
_NEVER_NS: Final = -(1 << 63)
_FOREVER_NS: Final = (1 << 63) - 1


class TickFeed(Protocol):
    """What a picture needs of a feed."""

    @property
    def dictionary(self) -> Dictionary:
        """Names and their codes."""
        ...

    @property
    def tables(self) -> Mapping[str, Table]:
        """Rows by kind."""
        ...

    @property
    def generation(self) -> int:
        """Goes up each time something was published."""
        ...

    def shown_edge_ns(self) -> int:
        """Return the time that a following picture ends at."""
        ...


class WindowBuffer(Buffer):
    """The newest rows of one key, for any HoloViews element.

    `pull` takes the rows that are new since the last pull and costs no more than these, however long the window is.

    Parameters
    ----------
    feed : TickFeed
        Where the rows are.
    kind : str
        The kind of rows.
    key : str
        The symbol or sensor.
    columns : tuple of str
        The columns to hold besides ``time``.
    span_ns : int
        Rows younger than this are held, counted back from the live edge. The beginning moves on in steps of a
        sixteenth of it, so the oldest rows are up to that much older.

    Attributes
    ----------
    data : pandas.DataFrame
        The rows, ``time`` as datetime64[ns]: those found by the first pull in order of time, then the others as they
        came. Its columns are views, not copies, and never change: the next pull makes another frame.
    oldest_new_ns : int
        Oldest event time among the rows of the last pull that brought any.
    n_missed : int
        Rows that the table evicted before they were pulled.

    Notes
    -----
    *Threads.* It belongs to one session, whose loop calls it. The feed's writer is never waited for.

    A stock plot over it (``hv.DynamicMap(hv.Curve, streams=[buffer])``) is sent the new rows only.
    """

    def __init__(self, feed: TickFeed, *, kind: str, key: str, columns: tuple[str, ...], span_ns: int) -> None:
        schema = schema_of(kind)
        dtypes = {"time": schema.column("time").dtype} | {name: schema.column(name).dtype for name in columns}
        self._rows = GrowingColumns(dtypes)
        super().__init__(self._frame(), index=False)
        self.n_missed = 0
        self.oldest_new_ns = _FOREVER_NS
        self._feed: TickFeed | None = feed
        self._kind, self._key, self._span_ns = kind, key, span_ns
        self._cursor: int | None = None
        self._begin_ns = _NEVER_NS
        self._generation = -1

    @property
    def key(self) -> str:
        """The symbol or sensor that it holds. Another key empties it; the next pull fills it."""
        return self._key

    @key.setter
    def key(self, key: str) -> None:
        self._key = key
        self._reset()

    @property
    def span_ns(self) -> int:
        """How much time it holds. Another span empties it; the next pull fills it."""
        return self._span_ns

    @span_ns.setter
    def span_ns(self, span_ns: int) -> None:
        self._span_ns = span_ns
        self._reset()

    @property
    def time_ns(self) -> NDArray[np.int64]:
        """Event time of the rows, int64[n] nanoseconds UTC: the memory of `data`'s ``time``."""
        return self._rows["time"]

    @property
    def begin_ns(self) -> int:
        """Rows older than this, nanoseconds UTC, have left."""
        return self._begin_ns

    @property
    def n_moved(self) -> int:
        """Rows copied to make room or to leave others out, besides the one copy of each new row."""
        return self._rows.n_moved

    @property
    def series(self) -> Series | None:
        """All rows that the feed keeps of the key, or None where it has none or the buffer is closed."""
        if self._feed is None or self._kind not in self._feed.tables:
            return None
        code = self._feed.dictionary.find(self._key)
        return None if code == UNKNOWN else self._feed.tables[self._kind].series(code)

    def column(self, name: str) -> NDArray[Any]:
        """Return a column's values, any[n]: the memory of `data`."""
        return self._rows[name]

    def pull(self) -> int:
        """Take what is new and tell the subscribers where anything changed. Returns the number of new rows."""
        feed = self._feed
        if feed is None or feed.generation == self._generation:
            return 0
        self._generation = feed.generation  # before the rows: what comes meanwhile is pulled next time
        in_place = self._advance(feed.shown_edge_ns())
        n_left = len(self._rows)
        n_new = self._take(self.series)
        if n_new or n_left != len(self.data):
            self._announce(n_new if in_place else len(self._rows))
        return n_new

    def close(self) -> None:
        """Let go of the feed and the rows. Pulling does nothing from here on."""
        self._feed = None
        self._reset()
        self._announce(0)
        Stream.clear(self)

    def update(self, **kwargs: Any) -> Any:
        """Set `data` as it stands, where a Buffer would copy the window to append to it."""
        if kwargs.get("data") is not None:
            self._count += 1
        return super(Buffer, self).update(**kwargs)

    def _reset(self) -> None:
        self._rows.clear()
        self._cursor = None
        self._begin_ns = _NEVER_NS
        self._generation = -1

    def _advance(self, edge_ns: int) -> bool:
        """Move the beginning on. Returns whether the rows that are left kept their places behind those left out."""
        step_ns = max(self._span_ns // _TRIM_STEPS, 1)
        begin_ns = (edge_ns - self._span_ns) // step_ns * step_ns
        if begin_ns < self._begin_ns - step_ns:  # the clock or its skew was put right: read again what was too old
            self._rows.clear()
            self._cursor = None
        elif begin_ns <= self._begin_ns:
            return True
        self._begin_ns = begin_ns
        young = self.time_ns >= begin_ns
        n_old = len(young) - int(np.count_nonzero(young))
        if young[n_old:].all():
            self._rows.drop_first(n_old)
            return True
        self._rows.keep(young)
        return False

    def _take(self, series: Series | None) -> int:
        if series is None:
            return 0
        if self._cursor is None:
            fresh = series.range(self._begin_ns, _FOREVER_NS, self._rows.names)
            self._cursor = series.next_row
        else:
            rows = series.since(self._cursor, self._rows.names)
            self._cursor = rows.next_row
            self.n_missed += rows.n_missed
            young = rows.columns["time"] >= self._begin_ns
            fresh = rows.columns if young.all() else {name: array[young] for name, array in rows.columns.items()}
        self._rows.append(fresh)
        self.oldest_new_ns = int(fresh["time"].min(initial=_FOREVER_NS))
        return len(fresh["time"])

    def _announce(self, n_changed: int) -> None:
        # A stock plot sends its browser the last `_chunk_length` rows and lets it keep `length` of them.
        self._chunk_length, self.length = n_changed, len(self._rows)
        self.event(data=self._frame())

    def _frame(self) -> pd.DataFrame:
        import pandas as pd  # half a second, and no page of ours holds such a buffer

        columns = {name: self._rows[name] for name in self._rows.names}
        columns["time"] = columns["time"].view("datetime64[ns]")
        return pd.DataFrame(columns, copy=False)
