"""The figures of one key, as messages: those that changed."""

from __future__ import annotations

from typing import Final

import msgspec

from pipelines.live.wire.changes import ChangesEncoder
from pipelines.live.wire.parts import Part, part

__all__ = ["Figures", "FiguresEncoder"]


class Figures(msgspec.Struct, frozen=True):
    """What is told of one key. NaN is told as nothing, as is what there is not.

    Parameters
    ----------
    kind : str or None
        The kind of rows that speaks for the key; None where nothing came of it.
    value, bid, ask, spread : float or None
        The last value, and the newest quote.
    change, share : float or None
        How far the value moved in the last minute, and this as a share of what it was.
    per_second : float or None
        Rows of the kind a second.
    newest : str or None
        Event time of the newest row, nanoseconds UTC as decimal digits.
    skew : str
        How far the source's clock is ahead of the server's, nanoseconds as decimal digits.
    level, word, why : str
        How the feed stands, as `Standing` says, but for the age of the newest row.
    """

    kind: str | None = None
    value: float | None = None
    bid: float | None = None
    ask: float | None = None
    spread: float | None = None
    change: float | None = None
    share: float | None = None
    per_second: float | None = None
    newest: str | None = None
    skew: str = "0"
    level: str = "wait"
    word: str = ""
    why: str = ""


_NAMES: Final = Figures.__struct_fields__


class FiguresEncoder(ChangesEncoder):
    """The newest figures of one key as messages. Each has a generation, and is told to who has an older one.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[str, bytes] = {}
        self._since: dict[str, int] = {}

    def take(self, figures: Figures) -> None:
        """Let `figures` be the newest; does nothing where none changed."""
        texts = {name: msgspec.json.encode(getattr(figures, name)) for name in _NAMES}
        changed = [name for name in _NAMES if texts[name] != self._texts.get(name)]
        if changed:
            self._begin()
            self._texts = texts
            self._since |= dict.fromkeys(changed, self.generation)

    def _parts(self, base: int) -> bytes:
        told = (b'"%b":%b' % (name.encode(), self._texts[name]) for name in _NAMES if self._since[name] > base)
        return part(Part.FIGURES, b"{%b}" % b",".join(told))
