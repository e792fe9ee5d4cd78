"""Routes beside the pages ask whatever Panel asks before it shows a page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from panel.auth import BasicAuthProvider
from panel.config import config
from panel.io.state import state
from panel.util import base64url_encode
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, create_signed_value
from tornado.websocket import WebSocketHandler, websocket_connect

from pipelines.live.guard import Guarded

SECRET = "signs-cookies"
OPTIONS = ("authorize_callback", "cookie_secret", "oauth_optional", "oauth_guest_endpoints")
OPEN, REFUSED, LOGIN = (200, 200, 101), (403, 403, 403), (403, 302, 403)
"""How data, a page and a socket answer."""


class Data(Guarded):
    def get(self) -> None:
        self.finish("data")


class Page(Data):
    is_page = True


class Socket(Guarded, WebSocketHandler):
    def open(self) -> None:
        self.close(1000, "open")


@pytest.fixture(autouse=True)
def panel_as_it_was() -> Iterator[None]:
    before = [getattr(config, option) for option in OPTIONS]
    config.cookie_secret = SECRET
    yield
    for option, value in zip(OPTIONS, before, strict=True):
        setattr(config, option, value)


def cookies_of(user: str) -> dict[str, str]:
    """Return the cookies that Panel's own login leaves; none for nobody."""
    signed = {"user": user, "id_token": base64url_encode(f'{{"user": "{user}"}}')} if user else {}
    pairs = (f"{name}={create_signed_value(SECRET, name, text).decode()}" for name, text in signed.items())
    return {"Cookie": "; ".join(pairs)}


def ask(*routes: str, user: str = "ann", has_login: bool = True) -> list[HTTPResponse]:
    """Return what a server answers; where it opens a socket, status 101."""
    return asyncio.run(_ask(routes, cookies_of(user), has_login))


async def _ask(routes: tuple[str, ...], headers: dict[str, str], has_login: bool) -> list[HTTPResponse]:
    app: Any = Application([("/data", Data), ("/page", Page), ("/socket", Socket)], cookie_secret=SECRET)
    app.auth_provider = BasicAuthProvider(guest_endpoints=config.oauth_guest_endpoints) if has_login else None
    listener, port = bind_unused_port()
    server, client = HTTPServer(app), AsyncHTTPClient(force_instance=True)
    server.add_socket(listener)
    answers = []
    for route in routes:
        protocol = "ws" if route.startswith("/socket") else "http"
        request = HTTPRequest(f"{protocol}://127.0.0.1:{port}{route}", headers=headers, follow_redirects=False)
        answers.append(await (_open(request) if protocol == "ws" else client.fetch(request, raise_error=False)))
    server.stop()
    await server.close_all_connections()
    client.close()
    return answers


async def _open(request: HTTPRequest) -> HTTPResponse:
    try:
        client = await websocket_connect(request)
    except HTTPClientError as error:
        return HTTPResponse(request, error.code)
    assert await client.read_message() is None
    return HTTPResponse(request, 101)


def statuses(*, user: str = "ann", has_login: bool = True) -> tuple[int, ...]:
    return tuple(answer.code for answer in ask("/data", "/page", "/socket", user=user, has_login=has_login))


def test_with_a_login_only_who_has_logged_in_is_answered() -> None:
    assert statuses(user="ann") == OPEN
    assert statuses(user="") == LOGIN
    assert statuses(user="", has_login=False) == OPEN


def test_whom_the_callback_refuses_is_refused_though_they_have_logged_in() -> None:
    config.authorize_callback = lambda user_info: user_info["user"] == "ann"
    assert statuses(user="ann") == OPEN
    assert statuses(user="bob") == REFUSED
    assert statuses(user="") == LOGIN


def test_the_callback_finds_the_visitor_where_a_page_has_it() -> None:
    found = []

    def callback(user_info: Any) -> bool:
        found.append((user_info, state.user, state.session_args["span"], state.headers["Host"][:9]))
        return True

    config.authorize_callback = callback
    ask("/data?span=5m")
    assert found == [({"user": "ann"}, "ann", [b"5m"], "127.0.0.1")]


def test_a_callback_is_asked_without_a_login_too() -> None:
    config.authorize_callback = lambda user_info: user_info is not None
    assert statuses(has_login=False, user="") == REFUSED


def test_a_callback_that_tells_paths_apart_is_asked_for_routes_and_was_for_the_page_of_a_socket() -> None:
    config.authorize_callback = lambda user_info, path: path == "/page"
    assert statuses() == (403, 200, 101)


def test_who_looks_at_a_page_is_sent_where_the_callback_says_and_others_are_refused() -> None:
    config.authorize_callback = lambda user_info: "/elsewhere"
    data, page, socket = ask("/data", "/page", "/socket")
    assert (data.code, page.code, socket.code) == LOGIN
    assert page.headers["Location"] == "/elsewhere"


@pytest.mark.parametrize(
    "callback", [lambda: True, lambda user_info, path, more: True, lambda user_info: user_info["role"]]
)
def test_who_can_not_be_authorized_is_refused_and_it_is_told(callback: Any, caplog: pytest.LogCaptureFixture) -> None:
    config.authorize_callback = callback
    with caplog.at_level(logging.WARNING):
        assert ask("/data")[0].code == 403
    assert "authorize_callback failed, so /data was refused" in caplog.text


def test_where_a_login_is_optional_guests_see_all_that_the_callback_lets_them() -> None:
    config.oauth_optional = True
    assert statuses(user="") == OPEN
    config.authorize_callback = lambda user_info: user_info["user"] == "guest"
    assert statuses(user="") == OPEN
    assert statuses(user="ann") == REFUSED


def test_of_an_endpoint_that_is_open_to_guests_the_sockets_are_too_and_no_other_route() -> None:
    config.oauth_guest_endpoints = ["/page"]
    assert statuses(user="") == (403, 200, 101)
    assert ask("/page?more=1", user="")[0].code == 302
    config.oauth_guest_endpoints = ["/market"]
    assert statuses(user="") == (403, 302, 101)
