"""Browsers' tabs without a screen: the page, its document over Panel's socket, and its frames."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.benchmarks.socket_client import SocketClient

__all__ = ["BrowserModel", "MarketTab", "PageTab", "StockTab", "Tab", "browser_model", "views_of"]

_BROWSER: Final = re.compile(r'"name":"Browser1","id":"([^"]+)"')
_VIEW: Final = re.compile(r'"name","([^"]+)"\],\["ticket","([^"]+)"(.*?)\]\]')
_OF_PICTURES: Final = '"widens"'
"""What only pictures are told with their view."""

_TOKEN: Final = re.compile(r'"token":"([^"]+)"')
_WORDS_FPS: Final = 5
"""What quote, candles and tape ask for."""

_ACK_FRAMES: Final = 8
_ACK_S: Final = 0.5
_PICTURE_BYTES: Final = 100_000
"""A stock page's pictures are its only buffers that are larger."""


@dataclass(frozen=True, slots=True)
class BrowserModel:
    """The model of a document by which a page says how far it has drawn."""

    id: str

    def n_sent(self, patch: str) -> int | None:
        """Return what a patch says of how many updates have been sent; None where it does not."""
        found = re.search(rf'"id":"{self.id}"}},"attr":"n_sent","new":(\d+)', patch)
        return int(found[1]) if found else None

    def patch(self, name: str, value: object) -> dict[str, Any]:
        """Return the content of a message that sets something on the server."""
        return {"events": [{"kind": "ModelChanged", "model": {"id": self.id}, "attr": name, "new": value}]}


def browser_model(document: str) -> BrowserModel:
    """Return the model of a market page by which it acknowledges."""
    found = _BROWSER.search(document)
    assert found is not None, "the document has no Browser"
    return BrowserModel(found[1])


def views_of(document: str) -> list[tuple[str, str]]:
    """Return name and ticket of each view that a document shows, the picture first."""
    found = _VIEW.findall(document)
    assert found, "the document shows no view"
    found.sort(key=lambda view: _OF_PICTURES not in view[2])
    return [(name, ticket) for name, ticket, _ in found]


class Tab(SocketClient):
    """A tab that shows a page: Panel's socket of it.

    Parameters
    ----------
    path : str
        The page.
    token : str
        Its session's token.
    """

    def __init__(self, path: str, token: str) -> None:
        super().__init__(f"/{path}/ws", ["bokeh", token])
        self.document: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.n_frames = self.n_updates = self.n_bytes = 0
        self._is_acknowledged = False

    def heard(self, message: bytes, *, is_binary: bool) -> None:
        self.n_bytes += len(message)
        if is_binary:
            self.buffered(message)
        elif not self._is_acknowledged:
            self._is_acknowledged = True  # the head of an ACK, whose other two parts are empty
            self.send("PULL-DOC-REQ", {})
        elif not self.document.done():
            if b'"roots"' in message:
                self.document.set_result(message.decode())
                self.send("PATCH-DOC", {"events": [_READY]})
        else:
            self.patched(message)

    async def live(self, port: int, fps: int) -> None:
        """Do what a page does once it is there, and wait for the first picture."""
        raise NotImplementedError

    def patched(self, content: bytes) -> None:
        """Take a part of a message: of a patch, its content among others."""

    def buffered(self, content: bytes) -> None:
        """Take a buffer of a message."""

    def send(self, kind: str, content: dict[str, Any]) -> None:
        """Send a message of Bokeh's protocol."""
        for fragment in ({"msgid": kind, "msgtype": kind}, {}, content):
            self.say(json.dumps(fragment))


class PageTab(Tab):
    """A tab of one of our pages: acknowledges each update of the document."""

    _browser: BrowserModel
    _n_sent = 0
    _acknowledges = False

    async def live(self, port: int, fps: int) -> None:
        """Tell the time zone."""
        self._browser = browser_model(await self.document)
        self.send("PATCH-DOC", self._browser.patch("zone", "Europe/Zurich"))

    def patched(self, content: bytes) -> None:
        n_sent = self._browser.n_sent(content.decode()) if b'"n_sent"' in content else None
        if n_sent is None:
            return
        self.n_updates += 1
        self._n_sent = n_sent
        if not self._acknowledges:
            self._acknowledges = True
            asyncio.get_running_loop().call_later(_ACK_S, self._acknowledge)

    def _acknowledge(self) -> None:
        self._acknowledges = False
        self.send("PATCH-DOC", self._browser.patch("n_drawn", self._n_sent))


class MarketTab(PageTab):
    """A tab of the market page, which shows frames besides."""

    frames: _Frames

    async def live(self, port: int, fps: int) -> None:
        """Tell the time zone, show frames, and wait for the first."""
        await super().live(port, fps)
        frames = partial(_Frames, self, views_of(await self.document), fps)
        _, self.frames = await asyncio.get_running_loop().create_connection(frames, "127.0.0.1", port)
        await self.frames.has_picture

    def close(self) -> None:
        super().close()
        self.frames.close()


class StockTab(Tab):
    """A tab of a page that sends its pictures over the document."""

    async def live(self, _port: int, _fps: int) -> None:
        """Wait for the first picture after the document."""
        await self.document
        while self.n_frames == 0:
            await asyncio.sleep(0.01)

    def buffered(self, content: bytes) -> None:
        self.n_frames += len(content) > _PICTURE_BYTES and self.document.done()


class _Frames(SocketClient):
    """What a tab is sent of views: a pane each, the first of them a picture."""

    def __init__(self, tab: Tab, views: Sequence[tuple[str, str]], fps: int) -> None:
        super().__init__("/frames")
        self.has_picture: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tab, self._views, self._fps = tab, views, fps
        self._unacknowledged = [0] * len(views)

    def opened(self) -> None:
        for pane, (view, ticket) in enumerate(self._views):
            rate = {"fps": self._fps, "columns": 1_200} if pane == 0 else {"fps": _WORDS_FPS}
            self._say(type="hello", version=1, ticket=ticket)
            self._say(type="subscribe", pane=pane, view=view, **rate)

    def heard(self, message: bytes, *, is_binary: bool) -> None:
        self._tab.n_bytes += len(message)
        if not is_binary:
            return
        pane = int.from_bytes(message[2:4], "little")
        self._tab.n_frames += pane == 0
        if pane == 0 and not self.has_picture.done():
            self.has_picture.set_result(None)
        self._unacknowledged[pane] += 1
        if self._unacknowledged[pane] == _ACK_FRAMES:
            self._unacknowledged[pane] = 0
            self._say(type="ack", pane=pane, generation=int.from_bytes(message[4:8], "little"))

    def _say(self, **words: Any) -> None:
        self.say(json.dumps(words))


async def open_tab(kind: type[Tab], port: int, path: str, query: str) -> Tab:
    """Load a page and connect its socket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /{path}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    page = (await reader.read()).decode()
    writer.close()
    token = _TOKEN.search(page)
    assert token is not None, page[:500]
    loop = asyncio.get_running_loop()
    _, tab = await loop.create_connection(partial(kind, path, token[1]), "127.0.0.1", port)
    return tab


_READY: Final = {
    "kind": "MessageSent",
    "msg_type": "bokeh_event",
    "msg_data": {"type": "event", "name": "document_ready", "values": {}},
}
