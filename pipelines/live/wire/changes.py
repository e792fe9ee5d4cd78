"""What changes of something, as messages that are made once for all who were at the same generation."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pipelines.live.wire.parts import Kind, deflated, message

__all__ = ["ChangesEncoder"]


class ChangesEncoder(ABC):
    """The newest state of something as messages: who has received a generation gets what changed since then.

    Attributes
    ----------
    generation : int
        Counts the states that were taken in, from 1; 0 before the first.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._messages: dict[int, tuple[bytes, ...]] = {}

    def messages(self, base: int) -> tuple[bytes, ...]:
        """Return what leads from a generation to the newest one; from 0 to who has none.

        Raises
        ------
        LookupError
            Before the first.
        """
        if self.generation == 0:
            raise LookupError("there is nothing yet")
        known = self._messages.get(base)
        if known is None:
            known = self._messages[base] = (self._message(base),)
        return known

    def _begin(self) -> None:
        """Count a new state."""
        self.generation += 1
        self._messages.clear()

    @abstractmethod
    def _parts(self, base: int) -> bytes:
        """Return what changed since a generation."""

    def _message(self, base: int) -> bytes:
        parts, is_keyframe = self._parts(base), base == 0
        if is_keyframe:
            parts = deflated(parts)
        return message(Kind.FRAME, generation=self.generation, base=base, parts=parts, is_deflated=is_keyframe)
