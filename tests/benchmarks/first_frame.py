"""From the command to the first live picture that reaches a browser, of a warm machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Final
from urllib.request import urlopen

from tornado.httpclient import HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.benchmarks.harness import Row, paired
from tests.servers import free_port

__all__ = ["rows"]

_N_RUNS: Final = 3
_LEAST_BYTES: Final = 10_000
_LONGEST_S: Final = 40.0
_VISIT_S: Final = 4.0

_STOCK_PAGE: Final = """
import datashader as ds
import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
from holoviews.operation.datashader import rasterize

hv.extension("bokeh")
rows = pd.DataFrame({"time": pd.date_range("2024-08-08", periods=1_000, freq="ms"), "price": np.random.random(1_000)})
buffer = hv.streams.Buffer(rows, length=100_000, index=False)
points = hv.DynamicMap(lambda data: hv.Points(data, ["time", "price"]), streams=[buffer])
pn.Column(rasterize(points, aggregator=ds.count(), width=1_200, height=400)).servable()
"""


def rows() -> Iterator[Row]:
    """Measure the market page on a simulated source, against a stock page of one picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "stock.py"
        page.write_text(_STOCK_PAGE)
        programs = Path(sys.executable).parent
        ours = [str(programs / "streamshade"), "serve", "--source", "sim://market?rate=100000&symbols=50"]
        stock = [str(programs / "panel"), "serve", str(page)]
        seconds = [_measured(command, path) for command, path in ((ours, "market"), (stock, "stock"))]
    includes = (
        "start of the process to the first picture of trades sent to a browser that waits; all compiled before, "
        "simulated source; stock: panel serve of one rasterised Buffer that has its rows"
    )
    yield paired("first_live_frame_s", seconds[0], "s", seconds[1], includes)


def _measured(command: list[str], path: str) -> float:
    """Return the median seconds from the command to the first picture, after a run that warms up."""
    return median([_one(command, path) for _ in range(_N_RUNS + 1)][1:])


def _one(command: list[str], path: str) -> float:
    port = free_port()
    start = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [*command, "--port", str(port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _listens(port)
            IOLoop(make_current=False).run_sync(lambda: _picture(port, path), timeout=_LONGEST_S)
            return time.perf_counter() - start
        except BaseException:
            log.seek(0)
            print(log.read().decode("utf-8", "replace"), file=sys.stderr)
            raise
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


def _listens(port: int) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


async def _picture(port: int, path: str) -> None:
    """Open a page until there is a picture on it.

    A page that was made before the first row waits for its browser to tell its time zone, which this client can't.
    """
    while True:
        with suppress(TimeoutError):
            return await asyncio.wait_for(_visit(port, path), _VISIT_S)


async def _visit(port: int, path: str) -> None:
    """Open a page as a browser does, and wait for the first array of the size of a picture that is not blank."""
    with urlopen(f"http://127.0.0.1:{port}/{path}") as response:
        page = response.read().decode()
    token = re.search(r'"token":"([^"]+)"', page)
    assert token is not None, "the page has no session"
    request = HTTPRequest(f"ws://127.0.0.1:{port}/{path}/ws")
    connection = await websocket_connect(request, subprotocols=["bokeh", token[1]], max_message_size=1 << 30)
    await connection.read_message()  # ACK
    await _send(connection, "PULL-DOC-REQ", {})
    ready = {"type": "event", "name": "document_ready", "values": {}}
    event = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": ready}
    await _send(connection, "PATCH-DOC", {"events": [event]})
    while (message := await connection.read_message()) is not None:
        if isinstance(message, bytes) and len(message) > _LEAST_BYTES and message.strip(b"\0"):
            connection.close()
            return
    raise ConnectionError("the server left before there was a picture")


async def _send(connection: WebSocketClientConnection, kind: str, content: dict[str, object]) -> None:
    for fragment in ({"msgid": kind, "msgtype": kind}, {}, content):
        await connection.write_message(json.dumps(fragment))
