from __future__ import annotations

from typing import Any

import panel as pn
import pytest

from pipelines.core.errors import SpecError
from pipelines.views.page.frame import PAGES, PageFrame
from pipelines.views.page.live_html import LiveHTML


class Counter:
    """A view that counts how often it is updated."""

    def __init__(self, n_beats: int = 1, *, changes: bool = True) -> None:
        self.n_beats = n_beats
        self.n_updates = 0
        self.changes = changes
        self.fails_with: Exception | None = None

    def update(self) -> bool:
        self.n_updates += 1
        if self.fails_with is not None:
            raise self.fails_with
        return self.changes

    def __panel__(self) -> Any:
        return pn.Spacer()


def frame_of(*views: Counter) -> PageFrame:
    frame = PageFrame("status", lambda _: list(views))
    frame.browser.zone = "UTC"
    return frame


def test_views_are_updated_at_their_beats() -> None:
    fast, slow = Counter(), Counter(3, changes=False)
    frame = frame_of(fast, slow)
    for _ in range(6):
        frame._beat()
        frame.browser.n_drawn = frame.browser.n_sent
    assert (fast.n_updates, slow.n_updates) == (6, 2)


def test_a_browser_that_draws_nothing_is_sent_a_second_of_updates_and_no_more() -> None:
    view = Counter()
    frame = frame_of(view)
    for _ in range(20):
        frame._beat()
    assert (view.n_updates, frame.browser.n_sent) == (5, 5)
    frame.browser.n_drawn = 1
    for _ in range(20):
        frame._beat()
    assert view.n_updates == 6


def test_an_acknowledgement_that_got_lost_does_not_stop_the_page_for_good() -> None:
    view = Counter()
    frame = frame_of(view)
    for _ in range(60):
        frame._beat()
    assert view.n_updates == 6


def test_nothing_is_sent_before_the_browser_is_there() -> None:
    view = Counter()
    frame = frame_of(view)
    frame.browser.zone = ""
    frame._beat()
    assert view.n_updates == 0


def test_an_update_that_changes_nothing_needs_no_acknowledgement() -> None:
    view = Counter(changes=False)
    frame = frame_of(view)
    frame._beat()
    frame._beat()
    assert (view.n_updates, frame.browser.n_sent) == (2, 0)


def test_a_view_that_fails_stops_in_words_and_the_others_go_on() -> None:
    broken, sound = Counter(), Counter(changes=False)
    broken.fails_with = ValueError("<b>oops</b>")
    frame = frame_of(broken, sound)
    for _ in range(3):
        frame._beat()
        frame.browser.n_drawn = frame.browser.n_sent
    assert (broken.n_updates, sound.n_updates) == (1, 3)
    assert frame._notice.visible
    assert "<b>oops" not in frame._notice.html


def test_what_can_not_be_declared_is_a_sentence_on_the_page() -> None:
    def compose(_: PageFrame) -> list[Counter]:
        raise SpecError("unknown scheme 'mqqt': did you mean 'mqtt'?")

    frame = PageFrame("overview", compose)
    assert "did you mean" in frame._notice.html
    assert frame._notice.visible


@pytest.mark.parametrize("name", PAGES)
def test_the_current_page_is_marked_in_the_navigation(name: str) -> None:
    (navigation,) = PageFrame(name, lambda _: [])._page.header
    assert isinstance(navigation, LiveHTML)
    assert f'href="./{name}" aria-current=page' in navigation.html
    assert navigation.html.count("aria-current") == 1
