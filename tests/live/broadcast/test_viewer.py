from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.core.spec import BarsSpec, RowsSpec, ViewSpec
from pipelines.live.wire.requests import ProtocolError
from tests.live.bars.bar_feed import BarFeed
from tests.live.broadcast.hand_hub import VIEW, Client, HandHub, hub_with_rows, now, shows_the_newest
from tests.live.hand_feed import NOON_NS, HandFeed
from tests.live.wire.bars_and_rows import ShownBars, ShownRows


@pytest.fixture
def hub() -> HandHub:
    return hub_with_rows()


def test_who_subscribes_gets_the_picture_at_once_and_then_what_changes(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    assert [words["type"] for words in client.said] == ["welcome", "subscribed"]
    assert shows_the_newest(client, hub)
    for _ in range(5):
        hub.step(**now(hub))
        assert shows_the_newest(client, hub)
    assert len(client.messages) == 6
    assert all(len(message) < 200 for message in client.messages[1:])


def test_all_viewers_of_a_view_are_sent_the_very_same_bytes(hub: HandHub) -> None:
    one, other = Client(hub), Client(hub)
    one.watch()
    other.watch()
    hub.step(**now(hub))
    assert one.messages[-1] is other.messages[-1]
    assert len(hub.channels) == len(hub.feed.views) == 1


def test_two_panes_of_one_client_may_show_one_view(hub: HandHub) -> None:
    client = Client(hub)
    client.watch(0)
    client.watch(7)
    hub.step(**now(hub))
    assert shows_the_newest(client, hub, 0)
    assert shows_the_newest(client, hub, 7)


def test_a_picture_that_stands_still_is_told_of_once_a_second(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    for _ in range(12):
        hub.feed.clock.advance(seconds=0.25)
        hub.beat()
    assert len(client.messages) == 1 + 3


def test_a_pane_gets_no_more_frames_than_it_wants(hub: HandHub) -> None:
    client = Client(hub)
    client.watch(fps=10)
    for _ in range(60):
        hub.step(1 / 30, **now(hub))
    assert 19 <= len(client.messages) - 1 <= 21


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"type": "dance"}',
        '{"type": "go"}',
        '{"type": "go", "pane": 5}',
        '{"type": "go", "pane": "0"}',
        '{"type": "go", "pane": 0, "more": 1}',
        '{"type": "subscribe", "pane": -1, "view": "ticks", "columns": 300}',
        '{"type": "subscribe", "pane": 1, "view": "other", "columns": 300}',
        '{"type": "subscribe", "pane": 1, "view": "ticks", "columns": 300, "fps": 0}',
        '{"type": "explore", "pane": 0, "request": 1, "start": "x", "end": "2", "low": 0, "high": 1, "columns": 300}',
        '{"type": "explore", "pane": 0, "request": 1, "start": "1", "end": "9999999999999999999", "low": 0, "high": 1}',
        '{"type": "ack", "pane": 0, "generation": 4294967296}',
        '{"type": "ping", "sent_ms": NaN}',
        "[" * 10_000,
        b"\x00",
        b'{"type": "go", "pane": 0}',
    ],
)
def test_a_client_that_says_what_it_must_not_is_cut_off_with_a_reason_and_nobody_else(
    hub: HandHub, message: str | bytes
) -> None:
    bad, good = Client(hub), Client(hub)
    bad.watch()
    good.watch()
    bad.viewer.receive(message)
    assert bad.closed_for
    n_messages = len(bad.messages)
    hub.step(**now(hub))
    assert len(bad.messages) == n_messages
    assert shows_the_newest(good, hub)
    assert len(hub) == 1


@pytest.mark.parametrize("first", ["subscribe", "ping"])
def test_nothing_is_done_before_a_ticket_was_shown(hub: HandHub, first: str) -> None:
    client = Client(hub, is_welcome=False)
    fields = {"subscribe": {"pane": 0, "view": "ticks", "columns": 300}, "ping": {"sent_ms": 1.0}}
    client.say(first, **fields[first])
    assert client.closed_for == "the first message is hello, with a ticket"
    assert not hub.channels


def test_a_client_of_another_version_is_told_which_one_is_spoken(hub: HandHub) -> None:
    client = Client(hub, is_welcome=False)
    client.say("hello", version=2, ticket="")
    assert client.closed_for == "this server speaks version 1: load the page again"


def test_a_view_that_can_not_be_is_explained_and_the_client_stays(hub: HandHub) -> None:
    client = Client(hub, views={"ticks": VIEW, "other": ViewSpec("nobody", "trades", "BTC", "price")})
    client.watch(view="other")
    assert client.said[-1] == {"type": "failed", "pane": 0, "reason": "there is no feed 'nobody' here"}
    client.watch(columns=301)
    assert "columns" in client.said[-1]["reason"]
    client.watch()
    assert shows_the_newest(client, hub)


def test_a_view_that_failed_is_explained_and_may_be_subscribed_to_again(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    hub.feed.views.fail(VIEW, "broken")
    hub.step(**now(hub))
    assert client.said[-1] == {"type": "failed", "pane": 0, "reason": "broken"}
    client.watch()
    hub.step(**now(hub))
    assert shows_the_newest(client, hub)


def test_a_client_that_does_not_read_gets_nothing_more_and_then_the_newest(hub: HandHub) -> None:
    slow, other = Client(hub), Client(hub)
    slow.watch()
    other.watch()
    n_messages = len(slow.messages)
    slow.is_congested = True
    for _ in range(100):
        hub.step(**now(hub))
        other.paint()
    assert len(slow.messages) == n_messages
    assert shows_the_newest(other, hub)
    assert hub.channels[VIEW].counts.n_dropped == 100
    slow.is_congested = False
    hub.step(**now(hub))
    assert shows_the_newest(slow, hub)
    assert len(slow.messages) == n_messages + 1


def test_a_client_that_paints_nothing_gets_64_frames_and_then_the_newest_once_it_has(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    for _ in range(100):
        hub.step(**now(hub))
    assert len(client.messages) == 64
    client.paint()
    hub.step(**now(hub))
    assert shows_the_newest(client, hub)
    assert len(client.messages) == 65


def test_a_pane_that_can_not_be_seen_gets_nothing_and_catches_up_with_one_message(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    client.say("pause", pane=0)
    n_messages = len(client.messages)
    for _ in range(100):
        hub.step(**now(hub))
    assert len(client.messages) == n_messages
    client.say("go", pane=0)
    assert len(client.messages) == n_messages + 1
    assert shows_the_newest(client, hub)


def test_a_view_that_nobody_watches_any_more_is_let_go_of(hub: HandHub) -> None:
    one, other = Client(hub), Client(hub)
    one.watch()
    other.watch()
    one.say("leave", pane=0)
    assert len(hub.channels) == len(hub.feed.wakes) == 1
    other.viewer.close()
    assert not hub.channels
    assert not hub.feed.wakes
    hub.feed.clock.advance(seconds=31)
    hub.feed.publish()
    assert len(hub.feed.views) == 0


def test_a_client_has_a_limited_number_of_panes(hub: HandHub) -> None:
    client = Client(hub)
    for pane in range(32):
        client.watch(pane)
    client.watch(31)
    assert client.closed_for is None
    client.watch(32)
    assert client.closed_for == "a client has at most 32 panes"


def test_a_frame_that_comes_while_a_crowd_is_being_sent_the_one_before_is_sent_too(hub: HandHub) -> None:
    crowd = [Client(hub) for _ in range(3)]
    for client in crowd:
        client.watch()
        client.on_message = lambda: hub.feed.clock.advance(seconds=0.01)  # longer than a slice
    hub.feed.clock.advance(seconds=1 / 30)
    hub.feed.add(**now(hub))
    hub.posted.popleft()()
    hub.feed.clock.advance(seconds=1 / 30)
    newest_ns = hub.feed.clock.now_ns()
    hub.feed.add(**now(hub))
    hub.run()
    assert [client.pictures[0].newest_ns for client in crowd] == [newest_ns] * 3


def test_there_is_a_limited_number_of_clients() -> None:
    hub = HandHub(HandFeed(), max_viewers=2)
    Client(hub)
    second = Client(hub)
    with pytest.raises(ProtocolError, match="2 viewers are connected"):
        Client(hub)
    second.viewer.close()
    Client(hub)


def test_the_clock_is_told(hub: HandHub) -> None:
    client = Client(hub)
    client.say("ping", sent_ms=12.5)
    assert client.said[-1] == {"type": "pong", "sent_ms": 12.5, "server_ns": str(NOON_NS)}


def test_who_stays_is_given_newer_tickets_to_come_back_with(hub: HandHub) -> None:
    client = Client(hub)
    for _ in range(61):
        hub.feed.clock.advance(seconds=5)
        client.say("ping", sent_ms=1.0)
    tickets = [words["ticket"] for words in client.said if words["type"] == "ticket"]
    assert len(tickets) == 2
    again = Client(hub, is_welcome=False)
    again.say("hello", version=1, ticket=tickets[-1])
    assert again.closed_for is None


def test_how_long_a_row_took_to_be_drawn_is_counted_once(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    for _ in range(5):
        hub.step()
    assert hub.counts["feed/trades/BTC/points"].to_frame.count == 1
    hub.step(**now(hub))
    assert hub.counts["feed/trades/BTC/points"].to_frame.count == 2


def test_delays_until_the_screen_are_counted(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    client.say("ack", pane=0, generation=1, delays_ms=[12.0, 12.0, -3, 1e300])
    to_pixel = hub.counts["feed/trades/BTC/points"].to_pixel
    assert to_pixel.count == 4
    assert to_pixel.percentiles_ms(0, 50, 100) == (0.0, 12.0, 3_600_000.0)


def test_who_was_cut_off_is_not_heard_any_more(hub: HandHub) -> None:
    client = Client(hub)
    client.viewer.receive("nonsense")
    client.watch()
    client.say("ping", sent_ms=1.0)
    assert not hub.channels
    assert [words["type"] for words in client.said] == ["welcome"]


def test_who_does_not_say_hello_is_cut_off(hub: HandHub) -> None:
    silent, good = Client(hub, is_welcome=False), Client(hub)
    good.watch()
    hub.step(9.0)
    assert silent.closed_for is None
    hub.step(1.0)
    assert "hello" in silent.closed_for
    assert len(hub) == 1
    assert good.closed_for is None


def test_a_viewer_that_can_not_be_sent_to_keeps_nobody_else_from_it(
    hub: HandHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = Client(hub), Client(hub)
    bad.watch()
    good.watch()
    monkeypatch.setattr(bad, "send", None)
    hub.step(**now(hub))
    assert bad.closed_for
    assert shows_the_newest(good, hub)
    assert len(hub) == 1


def test_bars_and_rows_come_over_the_same_connection_as_a_picture() -> None:
    feed = BarFeed()
    hub = HandHub(feed)  # type: ignore[arg-type]
    feed.add(1_723_118_400 + np.arange(5), [1.0, 2.0, 3.0, 4.0, 5.0], symbol="BTC")
    specs = (BarsSpec(feed.name, "trades", "BTC"), RowsSpec(feed.name, "trades", "BTC", 2))
    client = Client(hub, views={"bars": specs[0], "tape": specs[1], "none": BarsSpec(feed.name, "quotes", "BTC")})
    client.kinds = {1: ShownBars, 2: ShownRows}
    client.say("subscribe", pane=1, view="bars")
    client.say("subscribe", pane=2, view="tape", fps=5)
    shown: dict[int, Any] = client.pictures
    assert [bar[4] for bar in shown[1].bars] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [row["price"] for row in shown[2].rows] == [4.0, 5.0]
    feed.clock.advance(seconds=1)
    feed.add(1_723_118_405, 6.0, symbol="BTC")
    hub.beat()
    assert shown[1].bars[-1][4] == shown[2].rows[-1]["price"] == 6.0
    assert sorted(hub.counts) == ["market/trades/BTC/bars of 1s", "market/trades/BTC/rows"]
    client.say("subscribe", pane=3, view="none")
    assert client.said[-1] == {"type": "failed", "pane": 3, "reason": "there are no bars of quotes here"}
    client.say("explore", pane=1, request=1, start="0", end="1", low=0, high=1, columns=300)
    assert client.said[-1]["reason"].startswith("bars are no picture")
