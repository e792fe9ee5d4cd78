from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.core.spec import ViewSpec
from pipelines.live.wire.requests import ProtocolError
from tests.live.broadcast.hand_hub import VIEW, Client, HandHub
from tests.live.hand_feed import NOON_NS, HandFeed


@pytest.fixture
def hub() -> HandHub:
    feed = HandFeed(symbols=("BTC", "ETH"))
    feed.add(NOON_NS - np.arange(1_000)[::-1] * 20_000_000, 100.0 + np.arange(1_000) % 7)
    return HandHub(feed)


def shows_the_newest(client: Client, hub: HandHub, pane: int = 0) -> bool:
    picture, frame = client.pictures[pane], hub.channels[VIEW].stream.frame
    return frame is not None and np.array_equal(picture.codes, frame.codes) and picture.newest_ns == frame.newest_ns


def now(hub: HandHub) -> dict[str, Any]:
    return {"time_ns": np.array([hub.feed.clock.now_ns()]), "price": 103.0}


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


def explore(client: Client, hub: HandHub, request: int, **fields: Any) -> None:
    start_ns, end_ns = NOON_NS - 10_000_000_000, NOON_NS - 5_000_000_000
    asked = {"start": str(start_ns), "end": str(end_ns), "low": 99.0, "high": 108.0, "columns": 300} | fields
    client.say("explore", pane=0, request=request, **asked)
    hub.run()


def test_a_range_is_answered_with_its_picture_and_how_it_was_drawn(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    explore(client, hub, 17)
    answer = client.answers[-1]
    assert (answer.generation, answer.pane) == (17, 0)
    assert answer.story["final"]
    assert answer.story["rows"] >= 250
    assert np.count_nonzero(answer.codes) == pytest.approx(250, abs=30)


def test_while_a_range_is_looked_at_no_frames_come_until_it_follows_again(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    explore(client, hub, 1)
    n_messages = len(client.messages)
    for _ in range(5):
        hub.step(**now(hub))
    assert len(client.messages) == n_messages
    client.say("go", pane=0)
    assert shows_the_newest(client, hub)


def test_a_range_is_drawn_again_when_rows_come_into_it_and_not_otherwise(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    explore(client, hub, 1, end=str(NOON_NS + 5_000_000_000))
    n_answers = len(client.answers)
    hub.step(1.0)
    assert len(client.answers) == n_answers
    hub.step(1.0, **now(hub))
    hub.step(1.0)
    assert len(client.answers) == n_answers + 1
    assert client.answers[-1].story["rows"] == client.answers[-2].story["rows"] + 1


def test_who_points_at_a_cell_is_told_the_row_under_it(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    client.say("pick", pane=0, request=8, time=str(NOON_NS - 60_000_000), value=104.0)
    hub.run()
    assert client.said[-1] == {
        "type": "picked",
        "pane": 0,
        "request": 8,
        "row": {"time": str(NOON_NS - 20_000_000), "value": "104.0", "cell": "count: 2"},
    }


def test_who_zoomed_is_told_of_the_cells_that_they_look_at(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    end_ns = NOON_NS - 5_000_000_000
    explore(client, hub, 1, start=str(end_ns - 1_000), end=str(end_ns + 1_000))
    client.say("pick", pane=0, request=2, time=str(end_ns), value=100.0 + 749 % 7)
    hub.run()
    assert client.said[-1]["row"]["time"] == str(end_ns)


def test_who_points_at_nothing_is_told_of_none(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    client.say("pick", pane=0, request=1, time=str(NOON_NS), value=1e9)
    client.say("pick", pane=0, request=2, time="9" * 18, value=-1e308)
    hub.run()
    assert [words["row"] for words in client.said[-2:]] == [{}, {}]


def test_two_who_zoom_to_one_place_get_a_picture_that_was_made_once(hub: HandHub) -> None:
    one, other = Client(hub), Client(hub)
    for client in (one, other):
        client.watch()
        explore(client, hub, 3)
    assert one.messages[-1] == other.messages[-1]
    assert hub.feed.explorer.statistics().kept >= 1


def test_a_range_that_can_not_be_drawn_is_explained(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    explore(client, hub, 4, start="5", end="5")
    assert client.said[-1]["type"] == "failed"
    assert client.said[-1]["request"] == 4
    assert client.closed_for is None


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


def test_of_the_places_that_somebody_points_at_while_one_is_looked_up_only_the_newest_is(hub: HandHub) -> None:
    client = Client(hub)
    client.watch()
    for request in range(100):
        client.say("pick", pane=0, request=request, time=str(NOON_NS), value=104.0)
    assert len(hub.posted) == 1
    hub.run()
    assert [words["request"] for words in client.said if words["type"] == "picked"] == [0, 99]


def test_who_points_at_a_pane_and_leaves_it_may_point_at_another(hub: HandHub) -> None:
    client = Client(hub)
    client.watch(0)
    client.watch(1)
    for pane in (1, 0):
        client.say("pick", pane=pane, request=pane, time=str(NOON_NS), value=104.0)
    client.say("leave", pane=0)
    hub.run()
    client.say("pick", pane=1, request=2, time=str(NOON_NS), value=104.0)
    hub.run()
    assert client.said[-1]["request"] == 2


def test_a_row_that_can_not_be_looked_up_is_none_and_the_next_one_is(
    hub: HandHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(hub)
    client.watch()
    with monkeypatch.context() as broken:
        broken.setattr("pipelines.live.streams.frame_stream.row_under", None)
        client.say("pick", pane=0, request=1, time=str(NOON_NS), value=104.0)
    hub.run()
    assert client.said[-1]["row"] == {}
    client.say("pick", pane=0, request=2, time=str(NOON_NS - 60_000_000), value=104.0)
    hub.run()
    assert client.said[-1]["row"]["value"] == "104.0"


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
