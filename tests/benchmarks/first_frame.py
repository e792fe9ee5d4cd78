"""From the command to the first live picture that reaches a browser, of a warm machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.benchmarks.harness import Row, paired
from tests.servers import free_port

__all__ = ["rows"]

_N_RUNS: Final = 3
_LEAST_BYTES: Final = 10_000
_LONGEST_S: Final = 40.0
_VISIT_S: Final = 8.0
_PAUSE_S: Final = 0.05

Sees: TypeAlias = "Callable[[WebSocketClientConnection, int], Awaitable[bool]]"
"""Waits, on the socket of a page and the port of its server, for a picture."""

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
        seconds = [_measured(ours, "market", _is_frame), _measured(stock, "stock", _is_array)]
    includes = (
        "start of the process to the first picture of trades sent to a browser that waits; all compiled before, "
        "simulated source; stock: panel serve of one rasterised Buffer that has its rows"
    )
    yield paired("first_live_frame_s", seconds[0], "s", seconds[1], includes)


def _measured(command: list[str], path: str, sees: Sees) -> float:
    """Return the median seconds from the command to the first picture, after a run that warms up."""
    return median([_one(command, path, sees) for _ in range(_N_RUNS + 1)][1:])


def _one(command: list[str], path: str, sees: Sees) -> float:
    port = free_port()
    start = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [*command, "--port", str(port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            IOLoop(make_current=False).run_sync(lambda: _picture(port, path, sees), timeout=_LONGEST_S)
            return time.perf_counter() - start
        except BaseException:
            log.seek(0)
            print(log.read().decode("utf-8", "replace"), file=sys.stderr)
            raise
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


async def _picture(port: int, path: str, sees: Sees) -> None:
    """Open a page again and again until there is a picture on it."""
    while True:
        with suppress(TimeoutError, OSError, HTTPClientError):
            if await asyncio.wait_for(_visit(port, path, sees), _VISIT_S):
                return
        await asyncio.sleep(_PAUSE_S)


async def _visit(port: int, path: str, sees: Sees) -> bool:
    """Open a page as a browser does. Returns whether it came to show a picture."""
    page = (await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/{path}", request_timeout=_VISIT_S)).body.decode()
    token = re.search(r'"token":"([^"]+)"', page)
    assert token is not None, "the page has no session"
    request = HTTPRequest(f"ws://127.0.0.1:{port}/{path}/ws")
    connection = await websocket_connect(request, subprotocols=["bokeh", token[1]], max_message_size=1 << 30)
    await connection.read_message()  # ACK
    await _send(connection, "PULL-DOC-REQ", {})
    ready = {"type": "event", "name": "document_ready", "values": {}}
    event = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": ready}
    await _send(connection, "PATCH-DOC", {"events": [event]})
    try:
        return await sees(connection, port)
    finally:
        connection.close()


async def _is_array(connection: WebSocketClientConnection, _port: int) -> bool:
    """Wait for the first array of the size of a picture that is not blank."""
    while (message := await connection.read_message()) is not None:
        if isinstance(message, bytes) and len(message) > _LEAST_BYTES and message.strip(b"\0"):
            return True
    return False


async def _is_frame(connection: WebSocketClientConnection, port: int) -> bool:
    """Wait for the document, and with its ticket for a frame; not where it was made before the first row."""
    while isinstance(message := await connection.read_message(), bytes) or (message and '"roots"' not in message):
        pass
    view = re.search(r'"name","([^"]+)"\],\["ticket","([^"]+)"', message or "")
    if view is None:
        return False
    frames = await websocket_connect(f"ws://127.0.0.1:{port}/frames")
    await frames.write_message(json.dumps({"type": "hello", "version": 1, "ticket": view[2]}))
    await frames.write_message(json.dumps({"type": "subscribe", "pane": 0, "view": view[1], "columns": 1_200}))
    while isinstance(frame := await frames.read_message(), str):
        pass
    frames.close()
    return frame is not None


async def _send(connection: WebSocketClientConnection, kind: str, content: dict[str, object]) -> None:
    for fragment in ({"msgid": kind, "msgtype": kind}, {}, content):
        await connection.write_message(json.dumps(fragment))
