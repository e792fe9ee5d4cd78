"""Real sockets: a Tornado server, and clients of it."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any
from unittest import mock

import numpy as np
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.testing import AsyncHTTPTestCase, gen_test
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, websocket_connect

from pipelines.live.broadcast.handler import FramesHandler
from tests.live.broadcast.hand_hub import VIEW, HandHub
from tests.live.hand_feed import NOON_NS, HandFeed
from tests.live.wire.picture import Picture


class _Login:
    """What Bokeh's server asks who somebody is."""

    get_user_async = None

    def get_user(self, handler: Any) -> str | None:
        return handler.get_cookie("name")


class FramesCase(AsyncHTTPTestCase):
    """A server of `/frames` over a feed that a test fills."""

    login: _Login | None = None

    def get_app(self) -> Application:
        feed = HandFeed()
        feed.add(NOON_NS - np.arange(1_000)[::-1] * 20_000_000, 100.0 + np.arange(1_000) % 7)
        self.hub = HandHub(feed, max_viewers=2)
        app = Application([(r"/frames", FramesHandler, {"hub": lambda: self.hub})])
        app.websocket_origins = {"dash.example:443"}  # type: ignore[attr-defined]
        app.auth_provider = self.login  # type: ignore[attr-defined]
        return app

    async def connect(self, **headers: str) -> WebSocketClientConnection:
        url = f"ws://127.0.0.1:{self.get_http_port()}/frames"
        return await websocket_connect(HTTPRequest(url, headers=headers))

    def hello(self) -> str:
        return json.dumps({"type": "hello", "version": 1, "ticket": self.hub.tickets.mint({"ticks": VIEW})})

    async def watch(self) -> WebSocketClientConnection:
        client = await self.connect()
        client.write_message(self.hello())
        say(client, type="subscribe", pane=3, view="ticks", columns=300)
        return client


def say(client: WebSocketClientConnection, **words: Any) -> None:
    client.write_message(json.dumps(words))


class TestFrames(FramesCase):
    @gen_test(timeout=60)
    async def test_a_client_is_sent_the_picture(self) -> None:
        client = await self.watch()
        words = [json.loads(str(await client.read_message())) for _ in range(2)]
        assert [word["type"] for word in words] == ["welcome", "subscribed"]
        message = await client.read_message()
        assert isinstance(message, bytes)
        picture = Picture()
        picture.apply(message)
        assert picture.pane == 3
        assert np.array_equal(picture.codes, self.hub.channels[VIEW].stream.frame.codes)

    @gen_test(timeout=60)
    async def test_who_says_what_they_must_not_is_told_and_others_go_on(self) -> None:
        good, bad = await self.watch(), await self.connect()
        await bad.write_message("nonsense")
        assert await bad.read_message() is None
        assert bad.close_code == 4000
        assert "JSON" in bad.close_reason
        say(good, type="ping", sent_ms=1.0)
        while not (isinstance(said := await good.read_message(), str) and json.loads(said)["type"] == "pong"):
            assert said is not None

    @gen_test(timeout=60)
    async def test_a_message_that_is_too_large_is_not_read(self) -> None:
        client = await self.connect()
        await client.write_message("x" * 20_000)
        assert await client.read_message() is None
        assert client.close_code == 1009

    @gen_test(timeout=60)
    async def test_who_leaves_is_forgotten(self) -> None:
        client = await self.watch()
        await client.read_message()
        assert len(self.hub) == 1
        client.close()
        while len(self.hub):
            await asyncio.sleep(0)
        assert not self.hub.channels

    @gen_test(timeout=60)
    async def test_one_too_many_is_told_so(self) -> None:
        kept = [await self.connect() for _ in range(2)]
        client = await self.connect()
        assert await client.read_message() is None
        assert client.close_reason == "2 viewers are connected: no more are taken on"
        assert len(kept) == 2

    @gen_test(timeout=60)
    async def test_other_origins_are_refused(self) -> None:
        await self.connect(Origin="https://dash.example:443")
        with pytest.raises(HTTPClientError, match="403"):
            await self.connect(Origin="https://elsewhere.example")

    @gen_test(timeout=60)
    async def test_origins_that_the_environment_allows_to_pages_are_allowed(self) -> None:
        with mock.patch.dict(os.environ, BOKEH_ALLOW_WS_ORIGIN="proxy.example"):
            await self.connect(Origin="https://proxy.example")
            with pytest.raises(HTTPClientError, match="403"):
                await self.connect(Origin="https://dash.example:443")

    @gen_test(timeout=60)
    async def test_who_does_not_read_is_not_heard_until_they_have(self) -> None:
        url = f"ws://127.0.0.1:{self.get_http_port()}/frames"
        client = await websocket_connect(url, max_message_size=1 << 26)
        (viewer,) = self.hub._viewers
        handler = viewer.transport._handler
        assert handler.on_message(self.hello()) is None
        viewer.transport.send(bytes(1 << 25))
        assert viewer.transport.is_congested
        rest = handler.on_message('{"type": "ping", "sent_ms": 1}')
        assert rest is not None
        await rest
        assert not viewer.transport.is_congested
        viewer.transport.send(bytes(1 << 25))
        rest = handler.on_message('{"type": "ping", "sent_ms": 1}')
        assert rest is not None
        client.stream.close()
        await rest


class TestFramesWithALogin(FramesCase):
    login = _Login()

    @gen_test(timeout=60)
    async def test_who_has_not_logged_in_gets_no_socket(self) -> None:
        with pytest.raises(HTTPClientError, match="403"):
            await self.connect()
        assert len(self.hub) == 0

    @gen_test(timeout=60)
    async def test_who_has_does(self) -> None:
        await self.connect(Cookie="name=ann")


@pytest.mark.parametrize("n_bytes", [0, 125, 126, 65_535, 65_536])
def test_messages_of_all_sizes_arrive_whole(n_bytes: int) -> None:
    message = bytes(range(256)) * 257
    expected = message[:n_bytes]

    class Case(FramesCase):
        @gen_test(timeout=60)
        async def runTest(self) -> None:  # noqa: N802 - the name that unittest runs
            client = await self.connect()
            (viewer,) = self.hub._viewers
            viewer.transport.send(expected)
            viewer.transport.send(b"next")
            assert await client.read_message() == expected
            assert await client.read_message() == b"next"

    Case().debug()
