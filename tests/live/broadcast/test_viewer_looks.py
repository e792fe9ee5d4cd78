"""What a viewer is told who looks elsewhere than at the live edge, or points at a cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.live.broadcast.hand_hub import Client, HandHub, hub_with_rows, now, shows_the_newest
from tests.live.hand_feed import NOON_NS


@pytest.fixture
def hub() -> HandHub:
    return hub_with_rows()


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
