"""What is wanted, as frozen values: which source, which tables, which aggregates, which view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import msgspec
import numpy as np

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.schema import KINDS, Schema, schema_of
from pipelines.core.url import SourceSpec, nearest

__all__ = [
    "CANVAS_COLUMNS",
    "AggregateSpec",
    "BarsSpec",
    "FeedSpec",
    "FiguresSpec",
    "Glyph",
    "Period",
    "Reduction",
    "Retention",
    "RowsSpec",
    "TableSpec",
    "View",
    "ViewSpec",
]

CANVAS_COLUMNS: Final = (300, 600, 1_200, 2_400)
"""Canvas classes: they merge pairwise, so that one raster serves every screen."""

_MAX_ROWS: Final = 4_096
_MAX_BARS: Final = 2_048
_MAX_TOLD: Final = 1_024

Period = Literal["1s", "5s", "15s", "1m", "5m"]
"""Length of a bar."""

Glyph = Literal["points", "line"]
"""What rows are drawn as."""

Reduction = Literal["count", "any", "sum", "min", "max", "mean", "last"]
"""What the rows of a cell come to, with the meanings of Datashader. NaN is no value."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a table is kept. Whichever limit is met first evicts the oldest rows.

    Parameters
    ----------
    window_ns : int
        Rows are kept for this long, by event time, counted back from the newest.
    memory_bytes : int
        Most memory that the rows and their summaries may take.
    max_rows : int or None
        Most rows over all keys.
    min_rows : int
        Newest rows of each key that rows and memory limits never evict, so that a busy key can't push out the rest.
    """

    window_ns: int = 30 * 60 * NS_PER_SECOND
    memory_bytes: int = 4 << 30
    max_rows: int | None = None
    min_rows: int = 256

    def __post_init__(self) -> None:
        if self.window_ns <= 0 or self.memory_bytes <= 0 or self.min_rows < 0:
            raise SpecError("a window and a memory limit must be positive, a minimum of rows at least 0")
        if self.max_rows is not None and self.max_rows <= 0:
            raise SpecError("a limit of rows must be positive")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table of one kind, and how much of it is kept."""

    schema: Schema
    retention: Retention = Retention()


@dataclass(frozen=True, slots=True)
class AggregateSpec:
    """An aggregate that is always on for every key of a kind.

    Parameters
    ----------
    name : str
        Which aggregate: a name of `pipelines.aggregates.catalogue`, such as ``last`` or ``bars.1m``.
    kind : str
        The kind of rows that it takes.
    on_error : {"drop", "stop"}
        Whether it goes on without a batch that it failed on, or the feed stops. The rows are stored in either case.
    """

    name: str
    kind: str
    on_error: Literal["drop", "stop"] = "drop"


@dataclass(frozen=True, slots=True)
class FeedSpec:
    """One feed: a source, what its rows are stored in, and what is computed from them.

    Parameters
    ----------
    source : SourceSpec
        Where the messages come from and how they are written.
    retention : Retention
        How much is kept of each table.
    aggregates : tuple of AggregateSpec
        What is computed from the rows.
    coalesce_ns : int
        Messages that come within this time go through the graph together.
    picture_bytes : int
        Most memory for pictures: half for live views, the rest for answers to zooms and what these are drawn from.
    """

    source: SourceSpec
    retention: Retention = Retention()
    aggregates: tuple[AggregateSpec, ...] = ()
    coalesce_ns: int = NS_PER_SECOND // 60
    picture_bytes: int = 512 << 20

    @property
    def tables(self) -> tuple[TableSpec, ...]:
        """A table for each kind that the source may bring."""
        return tuple(TableSpec(KINDS[kind], self.retention) for kind in self.source.kinds)


class ViewSpec(msgspec.Struct, frozen=True, tag="picture", omit_defaults=True):
    """A picture: all who look at an equal view look at the same picture.

    Parameters
    ----------
    feed, kind, key : str
        Name of the feed, the kind of rows, and the symbol or sensor.
    value : str
        The column that is drawn upwards.
    span_ns : int
        Length of the time axis that follows the live edge.
    n_columns, n_rows : int
        Canvas class: `n_columns` is one of `CANVAS_COLUMNS`, and both are the most cells that the picture may have.
    glyph : {"points", "line"}
        A point a row, or a line through the rows in the order of time.
    reduction : {"count", "any", "sum", "min", "max", "mean", "last"}
        What the rows of a cell come to. A live line has ``"any"``: other reductions of it are for `explore`.
    of : str or None
        The column that is summed, compared or shown; None for ``"count"`` and ``"any"``, which need none.
    by : str or None
        A column with few values (``"side"``) that the cells are told apart by.

    Raises
    ------
    SpecError
        Where there is no such class or column, or a reduction lacks its column.
    """

    feed: str
    kind: str
    key: str
    value: str
    span_ns: int = 60 * NS_PER_SECOND
    n_columns: int = 1_200
    n_rows: int = 400
    glyph: Glyph = "points"
    reduction: Reduction = "count"
    of: str | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        if self.n_columns not in CANVAS_COLUMNS:
            raise SpecError(f"a canvas has {', '.join(map(str, CANVAS_COLUMNS))} columns, not {self.n_columns}")
        if self.span_ns <= 0 or not 2 <= self.n_rows <= _MAX_ROWS:
            raise SpecError(f"the span of a view must be positive, and its rows 2 to {_MAX_ROWS:,}")
        names = schema_of(self.kind).names
        for column in (self.value, self.of, self.by):
            if column is not None and column not in names:
                raise SpecError(f"{self.kind} have no column {column!r}{nearest(column, names)}")
        if (self.of is None) != (self.reduction in ("count", "any")):
            raise SpecError(f"the reduction {self.reduction!r} {'needs a' if self.of is None else 'takes no'} column")
        schema = schema_of(self.kind)
        for column in (self.value, self.of or self.value):
            if schema.column(column).dtype != np.float64:
                raise SpecError(f"{column!r} can't be drawn: its values are no floats")
        if self.by is not None and (schema.column(self.by).unit != "sign" or self.reduction not in ("count", "sum")):
            raise SpecError("only counts and sums are told apart, and only by a sign such as side")


class BarsSpec(msgspec.Struct, frozen=True, tag="bars", omit_defaults=True):
    """Bars of one key: open, high, low, close and sums a period, the forming one included.

    Parameters
    ----------
    feed, kind, key : str
        Name of the feed, the kind of rows, and the symbol or sensor.
    period : {"1s", "5s", "15s", "1m", "5m"}
        Length of a bar.
    n_bars : int
        How many of the newest, at most 2,048.

    Raises
    ------
    SpecError
        Where there is no such kind or length.
    """

    feed: str
    kind: str
    key: str
    period: Period = "1s"
    n_bars: int = 240

    def __post_init__(self) -> None:
        schema_of(self.kind)
        if self.period not in get_args(Period):
            raise SpecError(f"a bar is {', '.join(get_args(Period))} long, not {self.period}")
        if not 1 <= self.n_bars <= _MAX_BARS:
            raise SpecError(f"1 to {_MAX_BARS:,} bars can be shown, not {self.n_bars:,}")


class RowsSpec(msgspec.Struct, frozen=True, tag="rows", omit_defaults=True):
    """The newest rows of one key, as they are.

    Parameters
    ----------
    feed, kind, key : str
        Name of the feed, the kind of rows, and the symbol or sensor.
    n_rows : int
        How many, at most 1,024.

    Raises
    ------
    SpecError
        Where there is no such kind.
    """

    feed: str
    kind: str
    key: str
    n_rows: int = 24

    def __post_init__(self) -> None:
        schema_of(self.kind)
        if not 1 <= self.n_rows <= _MAX_TOLD:
            raise SpecError(f"1 to {_MAX_TOLD:,} rows can be shown, not {self.n_rows:,}")


class FiguresSpec(msgspec.Struct, frozen=True, tag="figures", omit_defaults=True):
    """What one key is worth now, how it moved and how fresh that is, as numbers.

    Parameters
    ----------
    feed, key : str
        Name of the feed, and the symbol or sensor; where that is empty or never came, how the feed stands.
    """

    feed: str
    key: str


View: TypeAlias = ViewSpec | BarsSpec | RowsSpec | FiguresSpec
"""What is shown: all who look at an equal view are sent the same."""
