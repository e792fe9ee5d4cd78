"""How a feed stands, as one immutable value: what the status page, the metrics and the health routes show."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.ledger import LedgerSnapshot
from pipelines.sources.contract import SourceStatus
from pipelines.sources.queue import QueueStatistics

__all__ = ["FeedStatus", "Throughput"]

_PERIOD_NS: Final = NS_PER_SECOND // 4
_N_PERIODS: Final = 8


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """How a feed stands.

    Parameters
    ----------
    name, address : str
        What it is called, and where its source is. Neither holds a secret.
    source : SourceStatus
        Whether it is connected, and if not, why.
    queue : QueueStatistics
        Messages that wait to be decoded.
    ledger : LedgerSnapshot
        What became of every record: balanced.
    window_records : mapping of str to int
        Rows that are kept now, by kind.
    memory_bytes : int
        Memory that they take.
    records_per_second : mapping of str to float
        Records received a second lately, by kind.
    lag_ns : int or None
        How long ago the newest row came, on the source's clock; None before the first.
    faults : mapping of str to str
        The newest failure of each node that has failed.
    stopped_by : str
        Why the feed ended by itself; empty while it runs.
    warm : bool
        Whether everything that a message needs is compiled.
    """

    name: str
    address: str
    source: SourceStatus
    queue: QueueStatistics
    ledger: LedgerSnapshot
    window_records: Mapping[str, int]
    memory_bytes: int
    records_per_second: Mapping[str, float]
    lag_ns: int | None
    faults: Mapping[str, str]
    stopped_by: str
    warm: bool

    @property
    def ready(self) -> bool:
        """Whether the source is connected, kernels are compiled, and the feed runs."""
        return self.source.connected and self.warm and not self.stopped_by


class Throughput:
    """Records received a second, over the last two seconds.

    Notes
    -----
    *Threads.* The writer observes; any thread reads `per_second`.
    """

    def __init__(self) -> None:
        self.per_second: Mapping[str, float] = MappingProxyType({})
        self._seen: deque[tuple[int, dict[str, int]]] = deque(maxlen=_N_PERIODS + 1)

    def observe(self, snapshot: LedgerSnapshot, *, now_ns: int) -> None:
        """Take notice of the ledger at `now_ns`, monotonic."""
        if self._seen and now_ns - self._seen[-1][0] < _PERIOD_NS:
            return
        received = {kind: counts.received for kind, counts in snapshot.kinds.items()}
        self._seen.append((now_ns, received))
        then_ns, then = self._seen[0]
        if now_ns > then_ns:
            seconds = (now_ns - then_ns) / NS_PER_SECOND
            self.per_second = MappingProxyType({k: (n - then.get(k, 0)) / seconds for k, n in received.items()})
