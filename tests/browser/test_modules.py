"""The JavaScript modules, each by itself, in a real browser."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

import pipelines.live.wire
import pipelines.views.ticks
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
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


@pytest.fixture
def load(open_tab: OpenTab) -> Any:
    def load(*names: str) -> Page:
        files = [
            *Path(pipelines.live.wire.__path__[0]).glob("*.js"),
            *Path(pipelines.views.ticks.__path__[0]).glob("*.js"),
        ]
        texts = {file.stem: file.read_text() for file in files}
        tab = open_tab("about:blank")
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
        for message in channel.messages(twin.generation):
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


STANDING = {
    "state": "connected",
    "reason": "",
    "sinceMs": 5_000,
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
        ({"lagMs": None, "ageMs": None}, "Live"),
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
    tab = load("caption")
    assert " · ".join(tab.evaluate("(standing) => loaded.captionOf(standing)", STANDING | change)) == words
