"""With a login nothing is shown to who has not logged in, on any route: a real server, with Panel's own login."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from pipelines.core.clock import ManualClock, SystemClock
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.ticket import SECRET_VARIABLE, Tickets
from pipelines.live.guard import METRICS_TOKEN_VARIABLE
from tests.live.wire.picture import Picture
from tests.page_server import PageServer, page_server
from tests.waiting import wait_until

SOURCE = "sim://market?rate=2000&symbols=3"
PASSWORD, COOKIE_SECRET, TICKET_SECRET, TOKEN = "open-sesame", "signs-cookies", "signs-tickets", "reads-metrics"
LOGIN = ["--basic-auth", PASSWORD, "--cookie-secret", COOKIE_SECRET]
SECRETS = (PASSWORD, COOKIE_SECRET, TICKET_SECRET, TOKEN)
ENVIRONMENT = {SECRET_VARIABLE: TICKET_SECRET, METRICS_TOKEN_VARIABLE: TOKEN}
PAGES = ("/", "/overview", "/market", "/status")
VIEW = ViewSpec("market", "trades", "BTC-USD", "price")
MOST_HEADER_BYTES = 8 << 10


class Answer(NamedTuple):
    status: int
    headers: HTTPMessage
    body: str


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Visitor:
    """Who asks a server, keeps its cookies and follows no redirect."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies), _Stays())

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)

    def ask(self, route: str, *, form: dict[str, str] | None = None, **headers: str) -> Answer:
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.address + route, data, headers)
        try:
            with self._opener.open(request, timeout=20) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    def log_in(self, password: str = PASSWORD, *, user: str = "ann") -> Answer:
        return self.ask("/login", form={"username": user, "password": password})

    def ticket(self) -> str:
        page = self.ask("/watch/BTC-USD")
        settings = re.search(r'id="settings">(.*?)</script>', page.body)
        assert settings, page
        return str(json.loads(settings[1])["ticket"])

    def watch(self, ticket: str, **headers: str) -> Picture | str:
        """Return the first picture that `/frames` sends for a ticket, or why it closes."""
        return asyncio.run(self._watch(ticket, headers))

    async def _watch(self, ticket: str, headers: dict[str, str]) -> Picture | str:
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        address = self.address.replace("http", "ws") + "/frames"
        client = await websocket_connect(HTTPRequest(address, headers=cookie | headers))
        await client.write_message(json.dumps({"type": "hello", "version": 1, "ticket": ticket}))
        while (message := await client.read_message()) is not None:
            if isinstance(message, bytes):
                picture = Picture()
                picture.apply(message)
                client.close()
                return picture
            if json.loads(message)["type"] == "welcome":
                await client.write_message(json.dumps({"type": "subscribe", "pane": 0, "view": "view", "columns": 300}))
        return f"{client.close_code}: {client.close_reason}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    with page_server(tmp_path_factory.mktemp("login"), SOURCE, options=LOGIN, environment=ENVIRONMENT) as server:
        yield server


@pytest.fixture
def stranger(served: PageServer) -> Visitor:
    return Visitor(served.address)


@pytest.fixture
def known(served: PageServer) -> Visitor:
    visitor = Visitor(served.address)
    assert visitor.log_in().status == 302
    return visitor


@pytest.mark.parametrize("page", [*PAGES, "/watch/BTC-USD?span=5m&look=line", "/watch/NOPE"])
def test_a_page_sends_a_stranger_to_the_login_and_back_afterwards(page: str, stranger: Visitor) -> None:
    answer = stranger.ask(page)
    assert answer.status == 302
    login = urllib.parse.urljoin(page, answer.headers["Location"])
    assert login == f"/login?next={urllib.parse.quote(page, safe='')}"
    assert answer.body == ""
    stranger.ask(login)
    assert stranger.log_in().headers["Location"] == page
    assert stranger.ask(page).status == (404 if "NOPE" in page else 200)


def test_a_wrong_password_opens_nothing(stranger: Visitor) -> None:
    assert "error=" in stranger.log_in("guessed").headers["Location"]
    assert stranger.ask("/watch/BTC-USD").status == 302
    assert stranger.ask("/metrics").status == 403


@pytest.mark.parametrize("cookie", ["user=ann", "user=2|1:0|10:1700000000|4:user|4:YW5u|00ff", "is_guest=1"])
def test_a_cookie_that_the_server_did_not_sign_opens_nothing(cookie: str, stranger: Visitor) -> None:
    assert stranger.ask("/watch/BTC-USD", Cookie=cookie).status == 302
    assert stranger.ask("/metrics", Cookie=cookie).status == 403
    assert_no_socket(stranger, Cookie=cookie)


def test_what_a_probe_asks_for_stays_open_and_says_nothing_secret(stranger: Visitor) -> None:
    health, ready = stranger.ask("/health"), stranger.ask("/ready")
    assert (health.status, ready.status) == (200, 200)
    assert json.loads(health.body) == {"status": "ok"}
    assert json.loads(ready.body) == {"status": "ready", "feeds": {"market": True}}


def test_metrics_are_for_who_has_logged_in_or_has_the_token(stranger: Visitor, known: Visitor) -> None:
    assert stranger.ask("/metrics").status == 403
    for wrong in ("wrong", f"{TOKEN}x", ""):
        assert stranger.ask("/metrics", Authorization=f"Bearer {wrong}").status == 403
    for answer in (known.ask("/metrics"), stranger.ask("/metrics", Authorization=f"Bearer {TOKEN}")):
        assert answer.status == 200
        assert "streamshade_received_total" in answer.body
        assert not [secret for secret in SECRETS if secret in answer.body]


def test_the_token_opens_metrics_alone(stranger: Visitor) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert [stranger.ask(page, **bearer).status for page in (*PAGES, "/watch/BTC-USD")] == [302] * 5
    assert_no_socket(stranger, **bearer)


def test_who_has_logged_in_sees_pages_and_frames(known: Visitor) -> None:
    assert [known.ask(page).status for page in PAGES] == [200] * 4
    picture = known.watch(known.ticket())
    assert isinstance(picture, Picture)
    assert picture.codes.any()


def test_a_ticket_without_a_login_opens_nothing(known: Visitor, stranger: Visitor) -> None:
    assert_no_socket(stranger, known.ticket())


def test_another_origin_gets_no_frames_with_cookie_and_ticket(known: Visitor) -> None:
    assert isinstance(known.watch(known.ticket(), Origin=known.address), Picture)
    assert_no_socket(known, known.ticket(), Origin="http://elsewhere.example")


def test_tickets_that_are_forged_or_old_are_refused_with_a_reason(known: Visitor) -> None:
    forged = Tickets(b"another secret", clock=SystemClock()).mint({"view": VIEW})
    old = Tickets(TICKET_SECRET.encode(), clock=ManualClock()).mint({"view": VIEW})
    body, signature = known.ticket().split(".")
    assert known.watch(old) == "4000: this ticket has expired: load the page again"
    for ticket in (forged, f"{body[:-8]}AAAAAAAA.{signature}", body, ""):
        assert known.watch(ticket) == "4000: this ticket is not ours: load the page again"


def test_headers_stay_small(known: Visitor) -> None:
    answers = [known.ask(route) for route in (*PAGES, "/watch/BTC-USD", "/metrics", "/health", "/ready", "/login")]
    assert max(len(str(answer.headers)) for answer in answers) < MOST_HEADER_BYTES
    assert len(known.cookie) < MOST_HEADER_BYTES // 2


def test_without_a_secret_to_sign_cookies_with_nobody_sees_anything(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder, options = tmp_path_factory.mktemp("no-secret"), ["--basic-auth", PASSWORD]
    with page_server(folder, SOURCE, options=options, environment=ENVIRONMENT) as server:
        visitor = Visitor(server.address)
        visitor.log_in()
        for headers in ({}, {"Cookie": "user=ann; is_guest=1"}):
            assert visitor.ask("/watch/BTC-USD", **headers).status == 302
            assert visitor.ask("/metrics", **headers).status == 403
            assert_no_socket(visitor, **headers)
            assert all(visitor.ask(page, **headers).status >= 300 for page in PAGES)  # Panel itself fails
        assert visitor.ask("/ready").status == 200


def test_whom_the_authorize_callback_refuses_sees_nothing_on_any_route(tmp_path: Path) -> None:
    setup = tmp_path / "setup.py"
    setup.write_text(
        "import panel as pn\npn.config.authorize_callback = lambda user_info: user_info['user'] == 'ann'\n"
    )
    with page_server(tmp_path, SOURCE, options=[*LOGIN, "--setup", str(setup)], environment=ENVIRONMENT) as server:
        ann, bob = Visitor(server.address), Visitor(server.address)
        ann.log_in()
        bob.log_in(user="bob")
        assert [ann.ask(page).status for page in (*PAGES, "/metrics")] == [200] * 5
        assert isinstance(ann.watch(ann.ticket()), Picture)
        assert [bob.ask(page).status for page in (*PAGES[1:], "/metrics", "/watch/BTC-USD")] == [403] * 5
        assert_no_socket(bob, ann.ticket())


def test_guests_of_one_page_see_its_picture_and_nothing_else(tmp_path: Path) -> None:
    options = [*LOGIN, "--oauth-guest-endpoints", "/watch/BTC-USD"]
    with page_server(tmp_path, SOURCE, options=options, environment=ENVIRONMENT) as server:
        guest = Visitor(server.address)
        wait_until(lambda: guest.ask("/watch/BTC-USD").status == 200, 20, what="rows to be shown")
        assert isinstance(guest.watch(guest.ticket()), Picture)
        assert [guest.ask(page).status for page in (*PAGES, "/watch/ETH-USD")] == [302] * 5
        assert guest.ask("/metrics").status == 403
        assert guest.watch("") == "4000: this ticket is not ours: load the page again"


def assert_no_socket(visitor: Visitor, ticket: str = "", **headers: str) -> None:
    with pytest.raises(HTTPClientError, match="403"):
        visitor.watch(ticket, **headers)
