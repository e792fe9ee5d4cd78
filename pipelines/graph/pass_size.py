"""How much goes through the graph at once."""

from __future__ import annotations

from typing import Final

__all__ = ["PassSize"]

_MOST_BYTES: Final = 4 << 20
_LEAST_BYTES: Final = 1 << 18
_LONGEST_NS: Final = 5_000_000

_N_TRIES: Final = 4
"""Full passes of half the size that may take as long as the one before, before that is believed."""

_N_PATIENT: Final = 1_000
"""Full passes after which it is tried whether more is better by now: some seconds."""


class PassSize:
    """As many bytes of messages as go through in 5 ms, for a frame waits until a pass is over.

    What a byte costs depends on format, kinds, aggregates and machine, by a factor of a hundred. So it is tried: half
    as much after a pass that took longer, twice as much after a full one that took less than half as long, from 256 KiB
    (less gains no time, since each pass has costs of its own) to 4 MiB (more gains no throughput).

    Where a pass costs much by itself (each has its part for every key, and there are tens of thousands), half as much
    takes nearly as long: a halving that saves less than a quarter of the time is undone, and then a pass may take
    longer. Neither that nor what a hiccup did is for good: now and then twice as much is tried.

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
        self._longest_ns = _LONGEST_NS
        self._twice_ns = 0  # how long twice as much took, until it is known whether half as much saves anything
        self._n_full = 0

    def observe(self, n_bytes: int, *, took_ns: int) -> None:
        """Learn how long a pass took with so many bytes."""
        is_full = n_bytes >= self.n_bytes
        self._n_full += is_full
        if is_full and took_ns > 0.75 * self._twice_ns > 0:
            if self._n_full == _N_TRIES:
                self._take(2 * self.n_bytes, longest_ns=max(3 * self._twice_ns // 2, _LONGEST_NS))
            return
        if is_full:
            self._twice_ns = 0
        if took_ns > self._longest_ns and self.n_bytes > _LEAST_BYTES:
            self._take(self.n_bytes // 2, twice_ns=took_ns)
        elif is_full and (took_ns < _LONGEST_NS // 2 or self._n_full >= _N_PATIENT):
            self._take(min(2 * self.n_bytes, _MOST_BYTES))

    def _take(self, n_bytes: int, *, longest_ns: int = _LONGEST_NS, twice_ns: int = 0) -> None:
        self.n_bytes, self._longest_ns, self._twice_ns = n_bytes, longest_ns, twice_ns
        self._n_full = 0
