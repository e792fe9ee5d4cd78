"""From a real mosquitto to the segments, against streamz' own MQTT source into a HoloViews Buffer."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import holoviews as hv
import msgspec
import numpy as np
import paho.mqtt.client as paho
import pandas as pd
from streamz import Stream

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import TRADES
from pipelines.decoders.encode import make_encoder
from pipelines.live.feed import Feed
from pipelines.live.feeds import declare
from tests.benchmarks.harness import Row, paired
from tests.programs import find_program
from tests.servers import Mosquitto

__all__ = ["rows"]

_TICKS = 1_000
_N_MESSAGES = {"packed": 4_000, "json": 1_000}
_N_STOCK = 100
_N_RUNS = 3


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
            stock = median(_stock(broker.port) for _ in range(_N_RUNS))
            for form, n_messages in _N_MESSAGES.items():
                ours = median(_ours(broker.port, form, n_messages) for _ in range(_N_RUNS))
                includes = (
                    "publisher, mosquitto and collector on two cores: QoS 0, decode, validate, append, last, rates; "
                    "stock: Stream.from_mqtt, json, Buffer.send of 100k rows"
                )
                yield paired(f"mqtt_{form}_ticks_s", ours, "ticks/s", stock, includes, more_is_better=True)
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


def _ours(port: int, form: str, n_messages: int) -> float:
    """Return ticks/s from the first publish to the last row stored."""
    (spec,) = declare([f"mqtt://127.0.0.1:{port}/bench?format={form}&kind=trades"])
    feed = Feed(spec)
    feed.start()
    try:
        _until(lambda: feed.status().source.connected)
        start = time.perf_counter()
        with _Publishing(port, _payload(form), n_messages):
            _until(lambda: feed.status().ledger.total.stored == n_messages * _TICKS)
            return n_messages * _TICKS / (time.perf_counter() - start)
    finally:
        feed.stop()


def _stock(port: int) -> float:
    """Return ticks/s from the first publish to the last `Buffer.send`."""

    columns = ["time", "symbol", "price", "size", "side"]
    buffer = hv.streams.Buffer(pd.DataFrame({name: [] for name in columns}), length=100_000, index=False)
    n_seen = 0

    def send(message: paho.MQTTMessage) -> None:
        nonlocal n_seen
        decoded = msgspec.json.decode(message.payload)
        buffer.send(pd.DataFrame({name: decoded[name] for name in columns}))
        n_seen += 1

    source = Stream.from_mqtt("127.0.0.1", port, "bench", asynchronous=False)
    sink = source.sink(send)
    source.start()
    try:
        while not n_seen:  # it does not tell when it is connected
            with _Publishing(port, _payload("json"), 1):
                time.sleep(0.1)
        n_probes = n_seen
        start = time.perf_counter()
        with _Publishing(port, _payload("json"), _N_STOCK):
            _until(lambda: n_seen == _N_STOCK + n_probes)
            return _N_STOCK * _TICKS / (time.perf_counter() - start)
    finally:
        source.stop()
        del sink


class _Publishing:
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
