from __future__ import annotations

import re

from pipelines.core.clock import ManualClock
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.views.watched_views import WatchedViews


def rows(views: WatchedViews) -> list[tuple[str, dict[str, str]]]:
    found = re.findall(r"<tr><td>(.*?)</td>(.*?)</tr>", views._html.html)
    return [(name, dict(re.findall(r'data-label="([^"]*)">([^<]*)<', cells))) for name, cells in found]


def watched(n_viewers: int = 1) -> ViewCounts:
    counts = ViewCounts()
    counts.n_viewers = n_viewers
    return counts


def test_a_view_that_is_watched_tells_how_soon_its_frames_are_on_the_screens() -> None:
    counts = watched(3)
    for delay_ms in range(1, 101):
        counts.to_pixel.observe(delay_ms)
    ((name, row),) = rows(WatchedViews(lambda: {"market/trades/BTC/points": counts}, clock=ManualClock()))
    assert (name, row["Viewers"]) == ("market/trades/BTC/points", "3")
    assert [row[f"To pixel p{percent}"] for percent in (50, 95, 99)] == ["50 ms", "95 ms", "99 ms"]


def test_frames_and_bytes_are_those_of_the_seconds_since_it_was_shown_last() -> None:
    counts, clock = watched(), ManualClock()
    views = WatchedViews(lambda: {"view": counts}, clock=clock)
    assert rows(views)[0][1]["Frames/s"] == "\N{EN DASH}"
    counts.n_frames.update(key=2, delta=58)
    counts.n_bytes += 6_144
    counts.n_dropped += 1_200
    clock.advance(seconds=2)
    assert views.update()
    assert rows(views)[0][1] | {"Frames/s": "30.0", "Bytes/s": "3.0 KiB", "Left out": "1,200"} == rows(views)[0][1]


def test_views_that_nobody_watches_are_left_out_and_most_viewers_come_first() -> None:
    counts = {"few": watched(1), "none": watched(0), "many": watched(9)}
    views = WatchedViews(lambda: counts, clock=ManualClock())
    assert [name for name, _ in rows(views)] == ["many", "few"]
    counts["few"].n_viewers = counts["many"].n_viewers = 0
    assert views.update()
    assert rows(views) == []
    assert not views.update()


def test_the_name_of_a_view_is_text() -> None:
    views = WatchedViews(lambda: {"<i>": watched()}, clock=ManualClock())
    assert "<i>" not in views._html.html
