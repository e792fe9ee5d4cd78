"""From codes to colours: a table of 256 colours, as Datashader would shade the picture, that moves without a jump."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.levels import Levels
from pipelines.core.clock import NS_PER_SECOND
from pipelines.kernels.codes import LAST_TONE, N_CODES, TONE_BITS, UNTOLD_TONE

__all__ = ["SIDE_COLOURS", "ColourScale", "How", "Paint", "Ramp", "SideMix", "positions"]

How = Literal["linear", "log", "eq_hist"]
"""How values are spread over the palette, with the meanings of Datashader."""

SIDE_COLOURS: Final = ("#d65951", "#80868b", "#148f71")
"""Sold, neither, bought. They and what lies between stand out (3:1 and more) from a light and a dark page."""

_MIN_ALPHA: Final = 224
"""Least alpha under which colours still stand out 3:1. Under Datashader's 40 a single row could not be seen."""

_PALETTES_IN_A_SECOND: Final = 0.5
_STEP: Final = 1.0 / (N_CODES - 1)
_LONGEST_FRAME_NS: Final = NS_PER_SECOND // 10

_TRANSFORMS: Final[dict[How, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "linear": np.positive,
    "log": np.log1p,
}


def positions(levels: Levels, histogram: NDArray[np.int64], how: How) -> NDArray[np.float64] | None:
    """Return where in the palette each level stands, as Datashader's `shade` would place its values.

    Exact where levels have one value each. Else a level stands in the middle of where its values would. Where only one
    level occurs it has the first colour (Datashader gives the last), so that nothing changes when larger values come.

    Parameters
    ----------
    levels : Levels
        What the codes stand for.
    histogram : int64[256]
        Cells of each code.
    how : {"linear", "log", "eq_hist"}
        How values are spread.

    Returns
    -------
    float64[n_levels] or None
        From 0 to 1, ascending; those outside of what occurs are at that end. None where there is nothing.
    """
    n_cells = np.bincount(levels.of_code, histogram.astype(np.float64), len(levels.lowest))[1:]
    occurring = np.flatnonzero(n_cells)
    if len(occurring) == 0:
        return None
    first, last = occurring[0], occurring[-1]
    if first == last:
        place = (np.arange(len(n_cells)) > first).astype(np.float64)
    else:
        above = _ranks(levels, n_cells, first) if how == "eq_hist" else _scaled(levels, _TRANSFORMS[how], first)
        place = np.clip(above / above[last], 0.0, 1.0)
    return np.concatenate(([0.0], place))


class Paint(Protocol):
    """What codes look like at the positions of their levels."""

    def table(self, place: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the colours, uint8[256, 4] in red, green, blue and alpha, of codes at positions float64[256]."""
        ...


class Ramp:
    """Colours from the first to the last of a palette.

    Parameters
    ----------
    palette : sequence of str
        ``"#rrggbb"``, two and more, at equal distances.
    """

    def __init__(self, palette: Sequence[str]) -> None:
        self._stops = _rgb(palette)

    def table(self, place: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the colours of codes."""
        places = np.linspace(0.0, 1.0, len(self._stops))
        channels = [np.interp(place, places, stops) for stops in self._stops.T]
        return _table(np.stack([*channels, np.full(N_CODES, 255.0)], axis=1))


class SideMix:
    """Colours of codes of `SideQuantiser`: that of the side with the larger share, and more opaque for a larger total.

    It fades towards a colour of its own for what is even, since red and green would mix to olive, a hue of neither.

    Parameters
    ----------
    colours : sequence of str
        ``"#rrggbb"`` of what was sold, of what is even or of no known side, and bought.
    min_alpha : int
        Alpha of the least total, from 0 to 255.
    """

    def __init__(self, colours: Sequence[str] = SIDE_COLOURS, *, min_alpha: int = _MIN_ALPHA) -> None:
        sold, neither, bought = _rgb(colours)
        tone = np.arange(N_CODES) & ((1 << TONE_BITS) - 1)
        lead = np.where(tone == UNTOLD_TONE, 0.0, 2.0 * tone / LAST_TONE - 1.0)[:, np.newaxis]
        side = np.where(lead < 0.0, sold, bought)
        self._rgb = side * np.abs(lead) + neither * (1.0 - np.abs(lead))
        self._min_alpha = min_alpha

    def table(self, place: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the colours of codes."""
        alpha = self._min_alpha + place * (255.0 - self._min_alpha)
        return _table(np.column_stack([self._rgb, alpha]))


class ColourScale:
    """The colours of a picture that changes: those that `positions` asks for, reached at a bounded pace.

    The first picture has its colours at once, and so has one after an empty one. From then on a change of the scale
    begins with the frame after the one that caused it and moves each colour by half a palette a second at most: so an
    outlier leaves the rest of the picture as it is at first, and nothing ever flashes. Differences of less than a 256th
    of the palette are left alone until there are larger ones, so that a table is seldom sent.

    Parameters
    ----------
    levels : Levels
        What the codes stand for.
    paint : Paint
        What they look like.
    how : {"linear", "log", "eq_hist"}
        How values are spread.

    Attributes
    ----------
    table : uint8[256, 4]
        Red, green, blue and alpha of each code; nothing is transparent. Never written to: other colours are another
        array.
    moving : bool
        Whether colours are still on their way, and will change although the picture may not.

    Notes
    -----
    *Threads.* The writer's. A table may be read by anybody.
    """

    def __init__(self, levels: Levels, paint: Paint, *, how: How) -> None:
        self._levels, self._paint, self._how = levels, paint, how
        self._place: NDArray[np.float64] | None = None
        self._time_ns = 0
        self.moving = False
        self.table = np.zeros((N_CODES, 4), np.uint8)
        self.table.flags.writeable = False

    def update(self, histogram: NDArray[np.int64], time_ns: int) -> NDArray[np.uint8]:
        """Return the table for a picture with these codes, at this time of a clock that never goes back."""
        target = positions(self._levels, histogram, self._how)
        if target is None or self._place is None:
            place, self.moving = target, False
        else:
            place = self._towards(target, self._place, time_ns)
        if place is not None and place is not self._place:
            self._show(place)
        self._place, self._time_ns = place, time_ns
        return self.table

    def _towards(self, target: NDArray[np.float64], place: NDArray[np.float64], time_ns: int) -> NDArray[np.float64]:
        if not self.moving:
            self.moving = bool(np.abs(target - place).max() > _STEP)
            return place
        elapsed_ns = min(time_ns - self._time_ns, _LONGEST_FRAME_NS)
        reach = _PALETTES_IN_A_SECOND * elapsed_ns / NS_PER_SECOND
        reached = np.clip(target, place - reach, place + reach)  # ascending, as both are
        self.moving = bool((reached != target).any())
        return reached

    def _show(self, place: NDArray[np.float64]) -> None:
        table = self._paint.table(place[self._levels.of_code])
        if not np.array_equal(table, self.table):
            table.flags.writeable = False
            self.table = table


def _scaled(
    levels: Levels, transform: Callable[[NDArray[np.float64]], NDArray[np.float64]], first: np.intp
) -> NDArray[np.float64]:
    """Return how far the transformed values of each level are above the least that occurs."""
    lowest, highest = levels.lowest[1:], levels.highest[1:]
    least = lowest[first] / 2 + highest[first] / 2
    with np.errstate(over="ignore"):
        above = [transform(np.maximum(values - least, 0.0)) / 2 for values in (lowest, highest)]
    return np.where(np.arange(len(lowest)) <= first, 0.0, above[0] + above[1])


def _ranks(levels: Levels, n_cells: NDArray[Any], first: np.intp) -> NDArray[np.float64]:
    """Return the mean rank of the values of each level above the first; a value ranks behind its equals."""
    ranks = np.cumsum(n_cells) - n_cells * (1.0 - 1.0 / levels.n_values[1:]) / 2
    return np.asarray(ranks - ranks[first])


def _rgb(colours: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours], dtype=np.float64)


def _table(rgba: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return colours cut off to whole numbers, as Datashader does, with code 0 transparent."""
    table = rgba.astype(np.uint8)
    table[0] = 0
    return table
