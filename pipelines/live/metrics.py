"""The state of the feeds as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.ledger import OUTCOMES
from pipelines.live.status import FeedStatus

__all__ = ["render_metrics"]


def render_metrics(statuses: Iterable[FeedStatus]) -> bytes:
    """Return the metrics of `statuses` in Prometheus's text format. A feed's counts come from one snapshot."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Statuses(tuple(statuses)))
    return generate_latest(registry)


class _Statuses(Collector):
    def __init__(self, statuses: tuple[FeedStatus, ...]) -> None:
        self._statuses = statuses

    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield from self._gauges()

    def _counters(self) -> Iterator[Metric]:
        messages = CounterMetricFamily("streamshade_messages", "Messages taken from the source", labels=["feed"])
        received = CounterMetricFamily("streamshade_received", "Records decoded", labels=["feed", "kind"])
        records = CounterMetricFamily(
            "streamshade_records", "What became of the records", labels=["feed", "kind", "outcome"]
        )
        for status in self._statuses:
            messages.add_metric([status.name], status.ledger.n_messages)
            for kind, counts in status.ledger.kinds.items():
                received.add_metric([status.name, kind], counts.received)
                for outcome in OUTCOMES:
                    records.add_metric([status.name, kind, outcome], getattr(counts, outcome))
        yield from (messages, received, records)

    def _gauges(self) -> Iterator[Metric]:
        queue = GaugeMetricFamily("streamshade_queue_messages", "Messages waiting to be decoded", labels=["feed"])
        window = GaugeMetricFamily("streamshade_window_records", "Rows in the window", labels=["feed", "kind"])
        lag = GaugeMetricFamily("streamshade_source_lag_seconds", "Age of the newest row", labels=["feed"])
        connected = GaugeMetricFamily("streamshade_source_connected", "1 while connected", labels=["feed"])
        for status in self._statuses:
            queue.add_metric([status.name], status.queue.n_messages)
            connected.add_metric([status.name], float(status.source.connected))
            for kind, n_rows in status.window_records.items():
                window.add_metric([status.name, kind], n_rows)
            if status.lag_ns is not None:
                lag.add_metric([status.name], status.lag_ns / NS_PER_SECOND)
        yield from (queue, window, lag, connected)
