from __future__ import annotations

from tests.benchmarks.growth import Load, next_crowd


def load(n_pages: int, cpu_share: float, *, fps: float = 10.0, updates_s: float = 5.0) -> Load:
    return Load(n_pages, fps, updates_s, 0.0, cpu_share)


def test_the_next_crowd_nearly_fills_the_core() -> None:
    assert next_crowd([load(20, 0.46)], 600) == 40


def test_what_the_server_takes_without_pages_is_told_apart_once_two_crowds_were_measured() -> None:
    assert next_crowd([load(20, 0.40), load(40, 0.60)], 600) == 72


def test_a_crowd_grows_at_most_fourfold_and_never_beyond_the_most_that_are_tried() -> None:
    assert next_crowd([load(10, 0.01)], 600) == 40
    assert next_crowd([load(400, 0.10)], 600) == 600


def test_a_crowd_that_fills_the_core_already_still_grows_until_frames_are_missed() -> None:
    assert next_crowd([load(50, 0.99)], 600) == 55
    assert next_crowd([load(2, 0.95)], 600) == 3


def test_a_core_that_got_less_busy_with_more_pages_tells_nothing_so_all_pages_are_counted() -> None:
    assert next_crowd([load(10, 0.50), load(20, 0.46)], 600) == 40


def test_a_crowd_keeps_up_where_pages_get_nearly_all_frames_and_the_updates_they_are_to_get() -> None:
    assert load(1, 0.5, fps=9.6, updates_s=4.5).keeps_up(10, 4.5)
    assert not load(1, 0.5, fps=9.4).keeps_up(10, 4.5)
    assert not load(1, 0.5, updates_s=4.4).keeps_up(10, 4.5)


def test_a_page_costs_its_share_of_the_core() -> None:
    assert load(50, 0.5).page_cpu_ms == 10.0
