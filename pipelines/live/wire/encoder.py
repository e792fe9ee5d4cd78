"""From the frames of one view to messages, each made once for all who were at the same generation."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.ledger import KindCounts
from pipelines.live.frames.frame import Frame
from pipelines.live.wire.parts import (
    Kind,
    colours_part,
    columns_part,
    deflated,
    layout_part,
    ledger_part,
    message,
    progress_part,
    shown_part,
    times_part,
)

__all__ = ["FrameEncoder"]

_WORTH_A_TRY: Final = 4_096
"""A delta of fewer bytes is never larger than a keyframe, but for pictures that are almost empty."""

_SHARE_OF_KEYFRAME: Final = 0.5
"""A keyframe is made anew where what has changed since is more than this of it."""

_N_TABLES: Final = 64


@dataclass(frozen=True, slots=True)
class _Keyframe:
    generation: int
    data: bytes


class FrameEncoder:
    """The newest frame of a view as messages.

    Who has received a generation gets what changed since then, who has none, or would get more that way, all of it.

    Attributes
    ----------
    generation : int
        Counts the frames that were taken in, from 1; 0 before the first.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._skew_ns = 0
        self._frame: Frame | None = None
        self._columns_since: NDArray[np.int64] = np.empty(0, np.int64)
        self._laid_out_in = self._shown_in = self._counted_in = self._progressed_in = 0
        self._counts: KindCounts | None = None
        self._tables: deque[tuple[int, NDArray[np.uint8]]] = deque(maxlen=_N_TABLES)
        self._keyframe: _Keyframe | None = None
        self._messages: dict[int, tuple[bytes, ...]] = {}

    @property
    def frame(self) -> Frame | None:
        """The newest frame."""
        return self._frame

    def take(self, frame: Frame, counts: KindCounts, *, skew_ns: int) -> None:
        """Let `frame` be the newest, with the ledger's counts and the source's skew as they are now.

        The same frame again is a beat.
        """
        before, self._frame = self._frame, frame
        self.generation += 1
        self._messages.clear()
        self._skew_ns = skew_ns
        if before is None or _is_laid_out_anew(before, frame):
            self._laid_out_in = self.generation
            self._columns_since = np.full(frame.canvas.n_columns, self.generation, np.int64)
        elif before is not frame:
            self._columns_since = self._with_changes(before, frame)
        if before is None or frame.value_range != before.value_range:
            self._shown_in = self.generation
        if before is None or frame.progress != before.progress:
            self._progressed_in = self.generation
        if not self._tables or self._tables[-1][1] is not frame.colours:
            self._tables.append((self.generation, frame.colours))
        if counts != self._counts:
            self._counts, self._counted_in = counts, self.generation

    def messages(self, base: int) -> tuple[bytes, ...]:
        """Return what leads from a generation to the newest one, to be sent in this order.

        It is a delta; or, where that is smaller or `base` is 0, a keyframe, which may be one that was made before, and
        then a delta from there.

        Raises
        ------
        LookupError
            Before the first frame.
        """
        if self._frame is None:
            raise LookupError("there is no frame yet")
        if base < self._laid_out_in:
            base = 0
        known = self._messages.get(base)
        if known is None:
            known = self._messages[base] = self._encode(self._frame, base)
        return known

    def _encode(self, frame: Frame, base: int) -> tuple[bytes, ...]:
        if base == 0:
            return self._from_keyframe(frame)
        delta = self._delta(frame, base)
        if len(delta) > _WORTH_A_TRY:
            others = self.messages(0)
            if sum(map(len, others)) <= len(delta):
                return others
        return (delta,)

    def _from_keyframe(self, frame: Frame) -> tuple[bytes, ...]:
        keyframe = self._keyframe
        if keyframe is not None and keyframe.generation >= self._laid_out_in:
            if keyframe.generation == self.generation:
                return (keyframe.data,)
            delta = self._delta(frame, keyframe.generation)
            if len(delta) < len(keyframe.data) * _SHARE_OF_KEYFRAME:
                return keyframe.data, delta
        parts = deflated(self._parts(frame, 0))
        data = self._message(0, parts, is_deflated=True)
        self._keyframe = _Keyframe(self.generation, data)
        return (data,)

    def _delta(self, frame: Frame, base: int) -> bytes:
        return self._message(base, self._parts(frame, base))

    def _message(self, base: int, parts: bytes, *, is_deflated: bool = False) -> bytes:
        return message(Kind.FRAME, generation=self.generation, base=base, parts=parts, is_deflated=is_deflated)

    def _parts(self, frame: Frame, base: int) -> bytes:
        changed = np.flatnonzero(self._columns_since > base)
        parts = [
            times_part(newest_ns=frame.newest_ns, rendered_ns=frame.rendered_ns, skew_ns=self._skew_ns),
            colours_part(frame.colours, self._table_at(base)),
        ]
        if self._laid_out_in > base:
            parts.append(layout_part(frame.canvas))
        if self._shown_in > base:
            parts.append(shown_part(frame.value_range))
        if self._progressed_in > base:
            parts.append(progress_part(frame.progress))
        if self._counts is not None and self._counted_in > base:
            parts.append(ledger_part(self._counts))
        parts.append(columns_part(frame.canvas.first_column, frame.codes, changed))
        return b"".join(parts)

    def _table_at(self, base: int) -> NDArray[np.uint8] | None:
        """Return the colours of a generation; None where they are not known any more."""
        return next((table for since, table in reversed(self._tables) if since <= base), None)

    def _with_changes(self, before: Frame, frame: Frame) -> NDArray[np.int64]:
        """Return in which generation of ours each column last changed: now, where the view says that it did."""
        since = np.full(frame.canvas.n_columns, self.generation, np.int64)
        start = max(before.canvas.first_column, frame.canvas.first_column)
        end = min(before.canvas.end_column, frame.canvas.end_column)
        if start < end:
            here = slice(start - frame.canvas.first_column, end - frame.canvas.first_column)
            there = slice(start - before.canvas.first_column, end - before.canvas.first_column)
            is_kept = frame.generations[here] <= before.generation
            since[here][is_kept] = self._columns_since[there][is_kept]
        return since


def _is_laid_out_anew(before: Frame, frame: Frame) -> bool:
    """Tell whether the cells lie otherwise: more than scrolled."""
    return replace(before.canvas, first_column=0) != replace(frame.canvas, first_column=0)
