"""The JavaScript modules, each by itself, in a real browser."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

import pipelines.live.watch
import pipelines.live.wire
import pipelines.views.ticks
from pipelines.aggregates.canvas import column_log2_of
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import CANVAS_COLUMNS, ViewSpec
from pipelines.live.broadcast.channel import Channel
from pipelines.live.broadcast.counts import ViewCounts
from tests.browser.conftest import OpenTab
from tests.live.hand_feed import NOON_NS, HandFeed
from tests.live.wire.picture import Picture
from tests.views.ticks.widened import widened

LOAD = """async (source) => {
  globalThis.loaded = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
}"""
TAKE = """async ([base64, isFirst]) => {
  if (isFirst) globalThis.picture = new loaded.Picture();
  const message = loaded.readMessage(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
  const inflated = new Blob([message.body]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const body = message.isDeflated ? new Uint8Array(await new Response(inflated).arrayBuffer()) : message.body;
  if (!picture.fits(message)) throw new Error("does not fit");
  picture.apply(message.generation, message.base, body);
  const {generation, columnLog2, nRows, nColumns, low, high, shown, progress, ledger, colours} = picture;
  const columns = [...Array(nColumns).keys()].map((i) => [...picture.column(i)]);
  const times = [picture.first, picture.newest ?? "none", picture.rendered, picture.skew].map(String);
  const counts = [ledger.received, ledger.stored, ledger.duplicate, ledger.late, ledger.rejected].map(Number);
  return {generation, columnLog2, nRows, nColumns, range: [low, high], shown, progress, counts, times, columns,
    colours: [...colours]};
}"""
WIDEN = """([columns, changed]) => {
  const nRows = columns[0].length, at = (i) => columns[i] && Uint8Array.from(columns[i]), drawn = {};
  for (const [from, to] of loaded.runsAround(changed, 2, columns.length))
    loaded.widenColumns(at, from, to, nRows, (i, column) => { drawn[i] = [...column]; });
  return drawn;
}"""

PAINT = """async (messages) => {
  const {Clock, FramesClient} = loaded, said = [];
  const socket = {readyState: WebSocket.OPEN, send: (text) => said.push(JSON.parse(text)), close() {}};
  const client = new FramesClient(() => socket), shown = [];
  const number = client.open({onFrame: (picture) => shown.push([picture, picture.generation]), onState() {}});
  const put = (base64) => {
    const {buffer} = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)), before = shown.length;
    socket.onmessage({data: buffer});
    return new Promise((resolve) => {
      const look = () => { if (shown.length > before) resolve(); else setTimeout(look); };
      look();
    });
  };
  socket.onmessage({data: JSON.stringify({type: "welcome"})});
  client.show(number, {ticket: "", view: "1", columns: 300, fps: 30});
  socket.onmessage({data: JSON.stringify({type: "subscribed", pane: number})});
  for (const message of messages) await put(message);
  for (const [picture, generation] of shown) client.painted(number, picture, generation);
  client.close();
  return said.filter(({type}) => type === "ack").map(({generation, delays_ms}) => [generation, delays_ms.length]);
}"""


@pytest.fixture
def load(open_tab: OpenTab) -> Any:
    def load(*names: str, **options: Any) -> Page:
        packages = (pipelines.live.wire, pipelines.live.watch, pipelines.views.ticks)
        files = [file for package in packages for file in Path(package.__path__[0]).glob("*.js")]
        texts = {file.stem: file.read_text() for file in files}
        tab = open_tab("about:blank", **options)
        tab.evaluate(LOAD, "\n".join(texts[name] for name in names))
        return tab

    return load


@pytest.mark.parametrize("look", [{}, {"by": "side"}, {"glyph": "line", "reduction": "any"}])
def test_a_picture_is_what_another_decoder_makes_of_the_same_messages(load: Any, look: dict[str, Any]) -> None:
    tab, random, feed = load("client"), np.random.default_rng(1), HandFeed()
    feed.add(NOON_NS - random.integers(0, 30 * NS_PER_SECOND, 3_000), 100 + random.normal(0, 0.1, 3_000).round(2))
    channel = Channel(
        feed, ViewSpec("feed", "trades", "BTC", "price", 20 * NS_PER_SECOND, 300, 100, **look), ViewCounts()
    )
    twin, n_taken = Picture(), 0
    for step in range(24):
        now_ns = feed.clock.monotonic_ns()
        channel.poll(now_ns)
        for message in channel.stream.messages(twin.generation):
            twin.apply(message)
            shown = tab.evaluate(TAKE, [base64.b64encode(message).decode(), n_taken == 0])
            n_taken += 1
            assert shown["columns"] == twin.codes.tolist()
            assert shown["colours"] == twin.colours.ravel().tolist()
            assert (shown["generation"], shown["columnLog2"]) == (twin.generation, twin.column_log2)
            assert (tuple(shown["range"]), tuple(shown["shown"])) == (twin.y_range, twin.shown)
            assert shown["times"] == [
                *map(str, (twin.first_column, twin.newest_ns or "none", twin.rendered_ns, twin.skew_ns))
            ]
            assert (shown["progress"], tuple(shown["counts"])) == (twin.progress, twin.ledger)
        feed.clock.advance(seconds=25 if step == 20 else 0.4)
        price = 100 + random.normal(0, 0.1, 40).round(2) + (3 if step == 10 else 0)
        feed.add(feed.clock.now_ns() - random.integers(0, NS_PER_SECOND, 40), price)
    assert n_taken >= 24


def test_what_is_acknowledged_and_measured_is_what_was_painted_and_each_newest_row_once(load: Any) -> None:
    tab, feed = load("client", "clock", "socket"), HandFeed()
    feed.add([NOON_NS - NS_PER_SECOND])
    channel = Channel(feed, ViewSpec("feed", "trades", "BTC", "price", 20 * NS_PER_SECOND, 300, 100), ViewCounts())
    messages = []
    for step in range(18):
        feed.clock.advance(seconds=0.4)
        if step % 2:
            feed.add([feed.clock.now_ns()])
        else:
            feed.publish()  # the picture scrolls, and that is all
        before = channel.generation
        channel.poll(feed.clock.monotonic_ns())
        messages += channel.stream.messages(before)
    acknowledged = tab.evaluate(PAINT, [base64.b64encode(message).decode() for message in messages])
    assert [generation for generation, _ in acknowledged] in ([8, 16], [1, 9, 17])  # at once in a page of some age
    assert [sum(n for _, n in acknowledged[: i + 1]) for i in range(len(acknowledged))] == [
        generation // 2 for generation, _ in acknowledged
    ]


@pytest.mark.parametrize("share", [0.003, 0.05, 0.5])
def test_lone_cells_are_widened_and_columns_far_from_a_change_are_left_alone(load: Any, share: float) -> None:
    tab, random = load("widen"), np.random.default_rng(2)
    codes = np.where(random.random((60, 40)) < share, random.integers(1, 256, (60, 40)), 0).astype(np.uint8)
    expected = widened(codes)
    drawn = tab.evaluate(WIDEN, [codes.tolist(), list(range(60))])
    assert [drawn[str(i)] for i in range(60)] == expected.tolist()
    drawn = tab.evaluate(WIDEN, [codes.tolist(), [0, 30, 33, 59]])
    assert sorted(map(int, drawn)) == [0, 1, 2, *range(28, 36), 57, 58, 59]
    assert all(column == expected[int(i)].tolist() for i, column in drawn.items())


def test_a_canvas_is_the_widest_whose_columns_are_no_narrower_than_those_of_the_screen(load: Any) -> None:
    random = np.random.default_rng(3)
    spans, widths = (2 ** random.uniform(0, 55, 200)).astype(np.int64).tolist(), random.integers(1, 4_000, 200).tolist()
    script = "([spans, widths]) => spans.map((span, i) => loaded.columnsThatFit(span, widths[i]))"
    chosen = load("canvas").evaluate(script, [spans, widths])
    for span_ns, width_px, columns in zip(spans, widths, chosen, strict=True):
        fitting = [n for n in CANVAS_COLUMNS if -(-span_ns >> column_log2_of(span_ns, n)) <= width_px]
        assert columns == max(fitting, default=min(CANVAS_COLUMNS))
    assert set(chosen) == set(CANVAS_COLUMNS)


STANDING = {
    "state": "connected",
    "reason": "",
    "sinceMs": 5_000,
    "isStalled": False,
    "isFollowing": True,
    "lagMs": 60,
    "ageMs": 35.4,
    "nLeftOut": 0,
    "progress": 1,
    "story": None,
    "failure": "",
}
STORY = {"rows": 12_345, "way": "pyramid", "final": False}
LOST = {"state": "connecting", "sinceMs": 3_000}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Live · 35 ms old"),
        ({"ageMs": 2_100}, "Live · 2 s old"),
        ({"lagMs": 1_234_000}, "Following · nothing new for 1,234 s"),
        ({"lagMs": None, "ageMs": None}, "Waiting for the first picture"),
        ({"lagMs": None, "ageMs": None, "failure": "there is no feed 'x' here"}, "there is no feed 'x' here"),
        (
            {"isStalled": True, "ageMs": 5_200, "lagMs": 5_300},
            "No picture for 5 s: what you see is old. Waiting for the feed.",
        ),
        ({"progress": 0.4}, "Live · reading the past: 40% · 35 ms old"),
        ({"nLeftOut": 7}, "Live · 35 ms old · 7 frames left out"),
        ({"isFollowing": False}, "Paused - reset to follow"),
        (
            {"isFollowing": False, "story": STORY},
            "Paused - reset to follow · 12,345 rows in this time, from summaries (coarse)",
        ),
        ({"isFollowing": False, "failure": "no range of values"}, "Paused - reset to follow · no range of values"),
        (LOST, "Disconnected for 3 s: what you see is old. Trying again."),
        (LOST | {"sinceMs": None}, ""),
        ({"state": "refused", "reason": "this ticket has expired"}, "Not connected: this ticket has expired"),
    ],
)
def test_the_caption_says_how_a_picture_stands(load: Any, change: dict[str, Any], words: str) -> None:
    tab = load("formats", "caption")
    assert " · ".join(tab.evaluate("(standing) => loaded.captionOf(standing)", STANDING | change)) == words


TIME_TICKS = """([start, end, room]) => {
  const span = BigInt(end) - BigInt(start), fits = (step, label) => room * Number(step) >= label.length * Number(span);
  return loaded.timeTicks(BigInt(start), BigInt(end), fits).map(({time, label}) => [String(time), label]);
}"""


@pytest.mark.parametrize(
    ("before_ns", "after_ns", "room", "labels"),
    [
        (-2, 3, 60, ["13:59:59.999999998", "14:00:00.000000000", "14:00:00.000000002"]),
        (-NS_PER_SECOND, NS_PER_SECOND // 2, 40, ["13:59:59.0", "13:59:59.5", "14:00:00.0", "14:00:00.5"]),
        (0, 30 * NS_PER_SECOND, 40, ["14:00:00", "14:00:10", "14:00:20", "14:00:30"]),
        (0, 1_800 * NS_PER_SECOND, 40, ["14:00", "14:05", "14:10", "14:15", "14:20", "14:25", "14:30"]),
        (9 * 3_600 * NS_PER_SECOND, 11 * 3_600 * NS_PER_SECOND, 20, ["23:00", "23:30", "9 Aug", "00:30", "01:00"]),
        (0, 86_400 * 3 * NS_PER_SECOND, 40, ["9 Aug", "12:00", "10 Aug", "12:00", "11 Aug", "12:00"]),
    ],
)
def test_times_of_a_watched_picture_have_the_digits_that_their_distance_needs(
    load: Any, before_ns: int, after_ns: int, room: int, labels: list[str]
) -> None:
    tab = load("axes", timezone_id="Europe/Berlin")
    ticks = tab.evaluate(TIME_TICKS, [str(NOON_NS + before_ns), str(NOON_NS + after_ns), room])
    assert [label for _, label in ticks] == labels
    assert all(NOON_NS + before_ns <= int(time) <= NOON_NS + after_ns for time, _ in ticks)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (61_433.2, 61_612.8, ["61,450", "61,500", "61,550", "61,600"]),
        (1.0772, 1.0786, ["1.0775", "1.0780", "1.0785"]),
        (-0.25, 0.25, ["-0.2", "-0.1", "0.0", "0.1", "0.2"]),
        (2e-13, 6.5e-13, ["2e-13", "3e-13", "4e-13", "5e-13", "6e-13"]),
        (1.0002e15, 1.0005e15, ["1.0002e+15", "1.0003e+15", "1.0004e+15", "1.0005e+15"]),
        (1.0, 1.0 + 2**-40, [f"1.000000000000{digit}e+0" for digit in (0, 2, 4, 6, 8)]),
    ],
)
def test_values_of_a_watched_picture_are_even_and_told_apart(
    load: Any, low: float, high: float, labels: list[str]
) -> None:
    ticks = load("axes").evaluate("([low, high]) => loaded.valueTicks(low, high, 5)", [low, high])
    assert [tick["label"] for tick in ticks] == labels
    assert all(low <= tick["value"] <= high for tick in ticks)
