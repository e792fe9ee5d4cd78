"""The ledger: what became of every record, counted so that it must balance."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

from pipelines.core.message import DeadLetter

__all__ = ["OUTCOMES", "UNKNOWN_KIND", "KindCounts", "Ledger", "LedgerSnapshot", "Outcome"]

Outcome = Literal["stored", "duplicate", "late", "rejected"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

UNKNOWN_KIND: Final = "unknown"
"""The kind under which a message is counted that can't be taken for any kind."""


@dataclass(frozen=True, slots=True)
class KindCounts:
    """Records of one kind since the feed was made: how many came, and what became of them."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    late: int = 0
    rejected: int = 0

    @property
    def unaccounted(self) -> int:
        """Records that came and met no outcome: 0 at all times, or streamshade has a bug."""
        return self.received - self.stored - self.duplicate - self.late - self.rejected


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """The ledger between two coalesced batches.

    Parameters
    ----------
    n_messages : int
        Messages that have been through the graph.
    kinds : mapping of str to KindCounts
        Counts by kind.
    dead_letters : tuple of DeadLetter
        The newest dead letters, newest last.
    """

    n_messages: int = 0
    kinds: Mapping[str, KindCounts] = field(default_factory=lambda: MappingProxyType({}))
    dead_letters: tuple[DeadLetter, ...] = ()

    @property
    def total(self) -> KindCounts:
        """Counts over all kinds."""
        counts = self.kinds.values()
        return KindCounts(
            sum(c.received for c in counts),
            sum(c.stored for c in counts),
            sum(c.duplicate for c in counts),
            sum(c.late for c in counts),
            sum(c.rejected for c in counts),
        )


class Ledger:
    """Counts by kind and outcome.

    `receive` is called where records are decoded, `settle` where their fate is decided: other code, so that a record
    that gets lost in between is found. `publish` closes a coalesced batch; readers see only what was published, so what
    they see balances.

    Parameters
    ----------
    n_dead_letters : int
        How many of the newest dead letters are kept to be looked at. All are counted.

    Notes
    -----
    *Threads.* The writer counts and publishes; any thread reads `snapshot`.
    """

    def __init__(self, n_dead_letters: int = 200) -> None:
        self._n_messages = 0
        self._received: dict[str, int] = {}
        self._settled: dict[tuple[str, Outcome], int] = {}
        self._dead_letters: deque[DeadLetter] = deque(maxlen=n_dead_letters)
        self._snapshot = LedgerSnapshot()

    @property
    def snapshot(self) -> LedgerSnapshot:
        """The ledger as last published."""
        return self._snapshot

    def receive_messages(self, n_messages: int) -> None:
        """Count messages that came, decodable or not."""
        self._n_messages += n_messages

    def receive(self, kind: str, n_records: int) -> None:
        """Count records as they are decoded."""
        self._received[kind] = self._received.get(kind, 0) + n_records

    def settle(self, kind: str, outcome: Outcome, n_records: int) -> None:
        """Count records whose fate is decided."""
        self._settled[kind, outcome] = self._settled.get((kind, outcome), 0) + n_records

    def reject(self, letter: DeadLetter) -> None:
        """Count a dead letter's records as rejected and keep it to be looked at."""
        self.settle(letter.kind, "rejected", letter.n_records)
        self._dead_letters.append(letter)

    def publish(self) -> LedgerSnapshot:
        """Make what was counted visible, and return it."""
        kinds = {
            kind: KindCounts(received, *(self._settled.get((kind, outcome), 0) for outcome in OUTCOMES))
            for kind, received in self._received.items()
        }
        self._snapshot = LedgerSnapshot(self._n_messages, MappingProxyType(kinds), tuple(self._dead_letters))
        return self._snapshot
