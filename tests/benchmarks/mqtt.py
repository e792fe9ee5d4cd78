"""From a real mosquitto to the segments, against streamz' own MQTT source into a HoloViews Buffer."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import holoviews as hv
import msgspec
import numpy as np
import pandas as pd
import paho.mqtt.client as paho

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import TRADES
from pipelines.decoders.catalogue import make_encoder
from pipelines.live.feed import Feed
from pipelines.live.feeds import declare
from tests.benchmarks.harness import Row, median_s, paired
from tests.programs import find_program
from tests.servers import Mosquitto

__all__ = ["rows"]

_TICKS = 1_000
_N_MESSAGES = {"packed": 4_000, "json": 1_000}
_N_STOCK = 100


def rows() -> Iterator[Row]:
    """Measure packed and columnar JSON, 1,000 ticks a message, 50 symbols; nothing where mosquitto is missing."""
    executable = find_program("mosquitto")
    if executable is None:
        print("mqtt: left out, needs mosquitto")
        return
    with tempfile.TemporaryDirectory() as directory:
        broker = Mosquitto(Path(directory), executable)
        broker.start()
        try:
            stock = _N_STOCK * _TICKS / median_s(lambda: _stock(broker.port))
            for form, n_messages in _N_MESSAGES.items():
                ours = n_messages * _TICKS / median_s(lambda f=form, n=n_messages: _ours(broker.port, f, n))
                includes = (
                    "publisher, mosquitto and collector on two cores: QoS 0, decode, validate, append, last, rates; "
                    "stock: Stream.from_mqtt, json, Buffer.send of 100k rows"
                )
                yield paired(f"mqtt_{form}", ours / 1e6, "Mticks/s", stock / 1e6, includes, more_is_better=True)
        finally:
            broker.stop()


def _payload(form: str) -> bytes:
    random = np.random.default_rng(1)
    dictionary = Dictionary()
    codes = dictionary.encode(f"SYM{number}" for number in range(50))
    columns = {
        "time": time.time_ns() + np.arange(_TICKS, dtype=np.int64),
        "symbol": codes[random.integers(0, 50, _TICKS)],
        "price": np.round(random.random(_TICKS) * 100, 2),
        "size": np.round(random.random(_TICKS), 3),
        "side": random.integers(0, 2, _TICKS).astype(np.int8) * np.int8(2) - np.int8(1),
    }
    return make_encoder(form, TRADES, dictionary)(Batch(TRADES, columns))


def _ours(port: int, form: str, n_messages: int) -> None:
    (spec,) = declare([f"mqtt://127.0.0.1:{port}/bench?format={form}&kind=trades"])
    feed = Feed(spec)
    feed.start()
    try:
        _until(lambda: feed.status().source.connected)
        with _publishing(port, _payload(form), n_messages):
            _until(lambda: feed.status().ledger.total.stored == n_messages * _TICKS)
    finally:
        feed.stop()


def _stock(port: int) -> None:
    from streamz import Stream

    columns = ["time", "symbol", "price", "size", "side"]
    buffer = hv.streams.Buffer(pd.DataFrame({name: [] for name in columns}), length=100_000, index=False)
    n_seen = 0

    def send(message: paho.MQTTMessage) -> None:
        nonlocal n_seen
        buffer.send(pd.DataFrame({name: msgspec.json.decode(message.payload)[name] for name in columns}))
        n_seen += 1

    source = Stream.from_mqtt("127.0.0.1", port, "bench", asynchronous=False)
    sink = source.sink(send)
    source.start()
    try:
        _until(lambda: getattr(source, "client", None) is not None and source.client.is_connected())
        with _publishing(port, _payload("json"), _N_STOCK):
            _until(lambda: n_seen == _N_STOCK)
    finally:
        source.stop()
        sink.destroy()


class _publishing:
    """Publishes a payload `n` times from a thread, while the block waits for it."""

    def __init__(self, port: int, payload: bytes, n: int) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._thread = threading.Thread(target=self._run, args=(payload, n), daemon=True)

    def __enter__(self) -> None:
        self._client.loop_start()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self, payload: bytes, n: int) -> None:
        for _ in range(n):
            self._client.publish("bench", payload).wait_for_publish(30)


def _until(condition: Callable[[], bool], *, timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the benchmark did not finish")
        time.sleep(0.001)
