"""What every decoder promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipelines.core.batch import Batch
from pipelines.core.message import DeadLetter, Message

__all__ = ["Decoded", "Decoder"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a list of messages holds.

    Parameters
    ----------
    batches : tuple of Batch
        At most one a kind, rows in the order in which they came.
    dead_letters : tuple of DeadLetter
        What can't be decoded. A record is either a row of a batch or counted in a dead letter, never both.
    """

    batches: tuple[Batch, ...]
    dead_letters: tuple[DeadLetter, ...]


class Decoder(Protocol):
    """From the bytes of messages to batches of columns. It does no I/O and never raises for what a message holds.

    Good rows of a partly bad message are kept. The same messages give the same rows and the same dead letters, however
    they are divided into calls.

    Notes
    -----
    *Threads.* Called by the feed's writer only: it adds to the feed's dictionary.
    """

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Decode `messages` in order."""
        ...
