"""The state of the feeds as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.ledger import OUTCOMES
from pipelines.live.broadcast.counts import BUCKETS_MS, Delays, ViewCounts
from pipelines.live.status import FeedStatus

__all__ = ["render_metrics"]

_MS_PER_SECOND: Final = 1_000


def render_metrics(statuses: Iterable[FeedStatus], views: Mapping[str, ViewCounts]) -> bytes:
    """Return the metrics of feeds and views in Prometheus's text format. A feed's counts come from one snapshot."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Statuses(tuple(statuses)))
    registry.register(_Views(dict(views)))
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


class _Views(Collector):
    def __init__(self, views: dict[str, ViewCounts]) -> None:
        self._views = views

    def collect(self) -> Iterator[Metric]:
        frames = CounterMetricFamily("streamshade_frames", "Frames sent to viewers", labels=["view", "kind"])
        sent = CounterMetricFamily("streamshade_frame_bytes", "Bytes of the frames sent", labels=["view"])
        dropped = CounterMetricFamily("streamshade_frames_dropped", "Frames slow viewers did not get", labels=["view"])
        viewers = GaugeMetricFamily("streamshade_viewers", "Panes that show a view now", labels=["view"])
        to_frame = HistogramMetricFamily(
            "streamshade_event_to_frame_seconds", "From a row's event time until it was drawn", labels=["view"]
        )
        to_pixel = HistogramMetricFamily(
            "streamshade_event_to_pixel_seconds", "From a row's event time until it was painted", labels=["view"]
        )
        for view, counts in self._views.items():
            for kind in ("key", "delta"):
                frames.add_metric([view, kind], counts.n_frames[kind])
            sent.add_metric([view], counts.n_bytes)
            dropped.add_metric([view], counts.n_dropped)
            viewers.add_metric([view], counts.n_viewers)
            to_frame.add_metric([view], _buckets(counts.to_frame), counts.to_frame.total_ms / _MS_PER_SECOND)
            to_pixel.add_metric([view], _buckets(counts.to_pixel), counts.to_pixel.total_ms / _MS_PER_SECOND)
        yield from (frames, sent, dropped, viewers, to_frame, to_pixel)


def _buckets(delays: Delays) -> list[tuple[str, float]]:
    """Return how many were not longer than each edge."""
    edges = [*(str(edge_ms / _MS_PER_SECOND) for edge_ms in BUCKETS_MS), "+Inf"]
    return list(zip(edges, map(float, accumulate(delays.n_in_bucket)), strict=True))
