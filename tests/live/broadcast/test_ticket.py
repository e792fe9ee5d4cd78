from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.clock import ManualClock
from pipelines.core.spec import BarsSpec, FiguresSpec, RowsSpec, ViewSpec
from pipelines.live.broadcast.ticket import TicketError, Tickets, kept_secret

VIEWS = {
    "ticks": ViewSpec("feed", "trades", "BTC", "price"),
    "sides": ViewSpec("feed", "trades", "\N{GREEK SMALL LETTER ALPHA}", "price", 10**18, by="side"),
    "bars": BarsSpec("feed", "trades", "BTC", "5s", 100),
    "tape": RowsSpec("feed", "trades", "BTC"),
    "quote": FiguresSpec("feed", "BTC"),
}


def test_a_ticket_names_the_views_that_it_was_minted_for() -> None:
    tickets = Tickets(b"secret", clock=ManualClock(0))
    assert tickets.read(tickets.mint(VIEWS)) == VIEWS


def test_a_ticket_is_short() -> None:
    assert len(Tickets(b"secret", clock=ManualClock(0)).mint({"1": BarsSpec("market", "trades", "BTC-USD")})) < 220


def test_a_ticket_is_good_for_five_minutes() -> None:
    clock = ManualClock(0)
    tickets = Tickets(b"secret", clock=clock)
    ticket = tickets.mint(VIEWS)
    clock.advance(seconds=299)
    tickets.read(ticket)
    clock.advance(seconds=1)
    with pytest.raises(TicketError, match="expired"):
        tickets.read(ticket)


def test_a_ticket_of_another_secret_is_refused() -> None:
    clock = ManualClock(0)
    ticket = Tickets(b"one", clock=clock).mint(VIEWS)
    with pytest.raises(TicketError, match="not ours"):
        Tickets(b"other", clock=clock).read(ticket)


def test_the_views_of_a_ticket_can_not_be_exchanged() -> None:
    tickets = Tickets(b"secret", clock=ManualClock(0))
    body, _, signature = tickets.mint(VIEWS).partition(".")
    rights = msgspec.json.decode(base64.urlsafe_b64decode(body))
    rights["views"]["ticks"]["key"] = "ETH"
    forged = base64.urlsafe_b64encode(msgspec.json.encode(rights)).decode()
    with pytest.raises(TicketError, match="not ours"):
        tickets.read(f"{forged}.{signature}")


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(TicketError):
        Tickets(b"secret", clock=ManualClock(0)).read(text)


def test_a_secret_is_made_once_and_only_its_user_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secret"
    secret = kept_secret(file)
    assert len(secret) == 32
    assert kept_secret(file) == secret
    assert file.stat().st_mode & 0o777 == 0o600


def test_where_no_secret_can_be_kept_each_process_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one, other = (kept_secret(tmp_path / "file" / "secret") for _ in range(2))
    assert len(one) == len(other) == 32
    assert one != other
