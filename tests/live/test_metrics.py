from __future__ import annotations

from types import MappingProxyType

from prometheus_client.parser import text_string_to_metric_families

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.ledger import Ledger
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.live.metrics import render_metrics
from pipelines.live.status import FeedStatus, Throughput
from pipelines.sources.contract import SourceStatus
from pipelines.sources.queue import MessageQueue


def status() -> FeedStatus:
    ledger = Ledger()
    ledger.receive_messages(3)
    ledger.receive("trades", 10)
    for outcome, n_records in (("stored", 6), ("duplicate", 2), ("late", 1), ("rejected", 1)):
        ledger.settle("trades", outcome, n_records)  # type: ignore[arg-type]
    return FeedStatus(
        name='binance "usdm"\n',
        address="mqtt://h/t",
        source=SourceStatus("connected"),
        queue=MessageQueue().statistics(),
        ledger=ledger.publish(),
        window_records=MappingProxyType({"trades": 6}),
        memory_bytes=0,
        records_per_second=MappingProxyType({}),
        lag_ns=NS_PER_SECOND // 2,
        faults=MappingProxyType({}),
        stopped_by="",
        warm=True,
    )


def test_metrics_carry_the_names_that_others_rely_on_and_balance() -> None:
    families = text_string_to_metric_families(render_metrics([status()], {}).decode())
    samples = {
        (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "feed")): sample.value
        for family in families
        for sample in family.samples
    }
    assert samples == {
        ("streamshade_messages_total",): 3,
        ("streamshade_received_total", "trades"): 10,
        ("streamshade_records_total", "trades", "stored"): 6,
        ("streamshade_records_total", "trades", "duplicate"): 2,
        ("streamshade_records_total", "trades", "late"): 1,
        ("streamshade_records_total", "trades", "rejected"): 1,
        ("streamshade_queue_messages",): 0,
        ("streamshade_window_records", "trades"): 6,
        ("streamshade_source_lag_seconds",): 0.5,
        ("streamshade_source_connected",): 1,
    }


def test_what_was_sent_of_a_view_is_counted() -> None:
    counts = ViewCounts(n_viewers=2, n_bytes=1_234, n_dropped=5)
    counts.n_frames.update(key=1, delta=9)
    for delay_ms in (4.0, 12.0, 20.0, 60_000.0):
        counts.to_pixel.observe(delay_ms)
    families = text_string_to_metric_families(render_metrics([], {"feed/trades/BTC/points": counts}).decode())
    samples = {
        (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "view")): sample.value
        for family in families
        for sample in family.samples
    }
    assert samples["streamshade_frames_total", "key"] == 1
    assert samples["streamshade_frames_total", "delta"] == 9
    assert samples["streamshade_frame_bytes_total",] == 1_234
    assert samples["streamshade_frames_dropped_total",] == 5
    assert samples["streamshade_viewers",] == 2
    pixel = "streamshade_event_to_pixel_seconds"
    assert [samples[f"{pixel}_bucket", edge] for edge in ("0.005", "0.01", "0.02", "10.0", "+Inf")] == [1, 1, 3, 3, 4]
    assert samples[f"{pixel}_sum",] == 60.036
    assert samples[f"{pixel}_count",] == 4
    assert samples["streamshade_event_to_frame_seconds_count",] == 0


def test_throughput_is_what_came_in_the_last_two_seconds() -> None:
    ledger, throughput = Ledger(), Throughput()
    for quarter in range(40):
        ledger.receive("trades", 100)
        throughput.observe(ledger.publish(), now_ns=quarter * NS_PER_SECOND // 4)
    assert throughput.per_second["trades"] == 400
    for quarter in range(40, 60):
        throughput.observe(ledger.publish(), now_ns=quarter * NS_PER_SECOND // 4)
    assert throughput.per_second["trades"] == 0
