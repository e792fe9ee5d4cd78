"""How much goes through the graph at once."""

from __future__ import annotations

from typing import Final

__all__ = ["PassSize"]

_MOST_BYTES: Final = 4 << 20
_LEAST_BYTES: Final = 1 << 18
_LONGEST_NS: Final = 5_000_000


class PassSize:
    """As many bytes of messages as go through in 5 ms, for a frame waits until a pass is over.

    What a byte costs depends on format, kinds, aggregates and machine, by a factor of a hundred. So it is tried: half
    as much after a pass that took longer, twice as much after a full one that took less than half as long, from 256 KiB
    (less gains no time, since each pass has costs of its own) to 4 MiB (more gains no throughput).

    Attributes
    ----------
    n_bytes : int
        Take no more messages once they have so many bytes; one is always taken.

    Notes
    -----
    *Threads.* The writer's only.
    """

    def __init__(self) -> None:
        self.n_bytes = _MOST_BYTES

    def observe(self, n_bytes: int, *, took_ns: int) -> None:
        """Learn how long a pass took with so many bytes."""
        if took_ns > _LONGEST_NS:
            self.n_bytes = max(self.n_bytes // 2, _LEAST_BYTES)
        elif n_bytes >= self.n_bytes and took_ns < _LONGEST_NS // 2:
            self.n_bytes = min(2 * self.n_bytes, _MOST_BYTES)
